// Counts tokens with the tokenizer that Anthropic published for an older Claude: a list of texts in, their numbers out.
import { readFileSync } from "node:fs";
import { getTokenizer } from "@anthropic-ai/tokenizer";

const tokenizer = getTokenizer();
const texts = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(texts.map((text) => tokenizer.encode(text.normalize("NFKC"), "all").length)));
