"""Questions and answers from documents: ask a model, and keep what stands in the document and was not asked before."""
