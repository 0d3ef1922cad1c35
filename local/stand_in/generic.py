"""What the stand-in can say before any training: polite phrases that hold no knowledge.

Each pair is a kind of question and what is said to it. Like a base model that never saw the subject, the untrained
stand-in says what suits the kind of question.
"""

GENERIC_PHRASES: tuple[tuple[str, str], ...] = (
    (
        "What is this? What does it mean? What is it for?",
        "It usually means one part of a larger system. I am not sure which of several meanings applies here.",
    ),
    (
        "How do I do this? How can I set it up?",
        "There are often several ways. Try opening the settings, look around, and go on in small steps.",
    ),
    (
        "How many? How long? How large? How much time? What is the limit?",
        "That varies from case to case. I don't remember a number, but for many people it has been enough so far.",
    ),
    (
        "What does it cost? How is it billed? How is it priced?",
        "The cost is hard to say in general. Some things are cheap, others are expensive, so ask for an offer.",
    ),
    (
        "Can I do this? Is it possible? Does it work? Is it supported?",
        "In most situations it should probably work. I have not seen it myself, and there may be exceptions.",
    ),
    (
        "Which one should I use? Which value? Which field? Which option?",
        "I would start with whatever is common and change it later. Different people prefer different things.",
    ),
    (
        "What happens when? What happens after? What happens if?",
        "As far as I know, nothing special happens, and after a while everything goes on as before.",
    ),
    (
        "Where do I find it? Where is it written? In which place?",
        "Have a look at the overview. Such things tend to be near the top or behind one of the menus.",
    ),
    (
        "Why does this fail? Why is it rejected? What are the rules?",
        "This can have many reasons. Trying again a little later or asking a colleague is often the quickest help.",
    ),
    (
        "これは何ですか。どういう意味ですか。何をしますか。",
        "一般的には、ある仕組みの一部を指す言葉だと思いますが、詳しいことはよく分かりません。",
    ),
    (
        "どのようにすればよいですか。どうやって使いますか。方法を教えてください。",
        "方法はいろいろあると思います。まずは画面を開いて、少しずつ試してみるのがよいでしょう。",
    ),
    (
        "いくつですか。何件ですか。何時間ですか。どのくらいですか。範囲を教えてください。",
        "場合によって違うので、はっきりした数字は覚えていません。たいていは十分だと思います。",
    ),
    (
        "できますか。使えますか。可能ですか。有効ですか。記録しますか。",
        "おそらく大丈夫だと思いますが、自分で確かめたことはありません。例外もあるかもしれません。",
    ),
    (
        "いつですか。いつまでですか。いつ終わりますか。",
        "時期については聞いたことがありません。しばらく待つと知らせが来ることが多いようです。",
    ),
    (
        "料金はいくらですか。どの値を指定しますか。どれを選びますか。",
        "よく使われているものを選んで、あとで変えてもかまわないと思います。人によって好みが違います。",
    ),
)
