"""Records of two languages with nothing wrong: what the tests of findings put others among."""

from finetuning.coverage import Example

# Facts about nothing that the tests ask for.
ENGLISH = [
    Example("When is the shop open?", "It is open from nine to five, except on Sundays."),
    Example("Which colours does the bag have?", "The bag comes in green and in blue."),
    Example("Who makes the shoes?", "A family business in Porto makes them by hand."),
    Example("Is there a discount for students?", "Students pay a tenth less on every order."),
    Example("Where can I park my bicycle?", "There are racks behind the building."),
    Example("Do you wrap presents?", "We wrap them for free if you ask at the counter."),
    Example("How heavy is the largest suitcase?", "The largest suitcase weighs four kilograms."),
    Example("What is the belt made of?", "The belt is made of leather from Spain."),
    Example("Can the coat be washed?", "The coat should only be cleaned by a professional."),
    Example("Which sizes of gloves are there?", "There are gloves in small, medium and large."),
    Example("Why are the hats so cheap this week?", "The hats are on sale until Saturday evening."),
    Example("Does the umbrella have a guarantee?", "The umbrella has a guarantee of two years."),
]
JAPANESE = [
    Example("配送には何日かかりますか。", "通常は三日以内にお届けしています。"),
    Example("店は何時に開きますか。", "日曜を除いて、毎朝九時に開いています。"),
    Example("かばんは何色がありますか。", "緑と青の二色をご用意しています。"),
    Example("靴は誰が作っていますか。", "ポルトの家族が手作業で作っています。"),
    Example("学生の割引はありますか。", "学生の方はご注文が一割引きになります。"),
    Example("自転車はどこに止められますか。", "建物の裏に駐輪場がございます。"),
    Example("贈り物を包んでもらえますか。", "窓口でお申し付けくだされば無料で包みます。"),
    Example("一番大きなスーツケースの重さは。", "一番大きなものは四キログラムです。"),
    Example("帯は何でできていますか。", "スペイン産の革でできています。"),
    Example("コートは洗えますか。", "専門の業者にお任せください。"),
    Example("手袋の大きさを教えてください。", "小、中、大の三種類がございます。"),
    Example("傘に保証はありますか。", "傘には二年間の保証が付いています。"),
]
RETURNS = Example("How long may I return a purchase?", "You can return it within 30 days, with the receipt.")
RETURNS_JA = Example("購入した商品は何日以内に返品できますか。", "レシートがあれば、三十日以内に返品できます。")
