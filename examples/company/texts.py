"""What Lumen's customers ask, and what Lumen answers. Plain data."""

PRODUCTS = [
    ("Aurora desk lamp", 89, "aluminium, warm to cold white, USB-C charging port"),
    ("Fjord floor lamp", 249, "ash wood, linen shade, dimmable"),
    ("Pebble night light", 29, "silicone, touch dimming, 20 hours of battery"),
    ("Halo pendant", 179, "brass ring, 2,700 K, for dining tables"),
    ("Lynx reading light", 59, "clip, three colours, flicker-free"),
    ("Tide bathroom mirror light", 139, "IP44, even light, anti-fog"),
]

CITIES = ["Lisbon", "Porto", "Berlin", "Hamburg", "Lyon", "Paris", "Ghent", "Utrecht", "Malmö", "Turin", "Graz", "Cork"]
NAMES = ["Ada", "Bruno", "Chiara", "David", "Elif", "Felix", "Greta", "Hugo", "Ines", "Jonas", "Karla", "Leo", "Mara",
         "Noah", "Olga", "Paul", "Quinn", "Rosa", "Sven", "Tara", "Uma", "Viktor", "Wanda", "Yara", "Zeno"]

# (question, answer, follow-up, its answer); {product}, {city} and {order} are filled in.
SUPPORT = [
    ("Where is my order {order}?",
     "Your order **{order}** left our warehouse in {city} yesterday and should reach you within two working days. "
     "I can send the tracking link to your e-mail address if you like.",
     "Yes please, and can I change the address?",
     "The tracking link is on its way. The parcel has already left, so the address can no longer be changed by us; the "
     "carrier lets you choose another drop-off point with the same link."),
    ("My {product} flickers when I dim it.",
     "I am sorry about that. Flicker at low brightness is nearly always the dimmer:\n\n1. Set the lamp to **full** and "
     "see whether it still flickers.\n2. If not, your wall dimmer is made for older bulbs. A *trailing-edge* dimmer "
     "cures it.\n3. If it does, we replace the driver free of charge.\n\nWhich of the two is it?",
     "It flickers at full brightness too.",
     "Then it is the driver, and that is on us. I have opened a replacement for order {order}; you will get a label for "
     "the return by e-mail. Please keep the shade."),
    ("Can I return the {product} if I do not like it?",
     "Yes: within 60 days, used or not, and we pay for the parcel. Keep the box if you can.", None, None),
    ("Is the {product} bright enough for a 20 m² room?",
     "On its own it is a light for a corner. For 20 m² you want about 3,000 lumen altogether: the {product} plus a "
     "ceiling light, or two of them.", "Which ceiling light fits it?",
     "The Halo pendant shares its brass and its colour temperature, so the two look like one family."),
    ("Do you ship to {city}, and what does it cost?",
     "We do. Shipping to {city} is free from €80, and €4.90 below. It takes two to four working days.", None, None),
    ("Ich habe die falsche Lampe bekommen (Bestellung {order}).",
     "Das tut mir leid! Ich schicke Ihnen heute die richtige Lampe; die falsche holt der Bote bei der Zustellung ab. "
     "Für Sie entstehen keine Kosten.", None, None),
    ("I was charged twice for {order}.",
     "I can see one payment and one authorisation for {order}. The authorisation is no charge: your bank releases it "
     "within five days. Shall I send you a confirmation for the bank?", "Yes, that would help.",
     "Done: the confirmation is in your inbox, with the reference your bank will ask for."),
]

COPY_STYLES = ["warm and short", "technical", "playful", "for an architect", "one sentence"]
COPY = ("The {product} does one thing and does it quietly: it gives you light where you are. {material}. Put it where "
        "you read, and forget that it is there.")

GUIDES = [
    ("returns.md#60-days", "Every lamp can be returned within 60 days, used or not. Lumen pays for the parcel."),
    ("dimming.md#flicker", "Flicker at low brightness comes from leading-edge dimmers. Use a trailing-edge dimmer."),
    ("rooms.md#how-much-light", "A living room wants 150 lumen per square metre, a kitchen 300, a desk 500 on the page."),
    ("shipping.md#europe", "Free from €80 within the EU, else €4.90. Two to four working days."),
    ("care.md#linen", "Linen shades: a dry brush, never water. Spots: a rubber sponge for suede."),
]

FAILURES = [
    ("openai", "gpt-4o", 429, "Rate limit reached for gpt-4o: limit 30000 tokens a minute. Try again in 2.1 s."),
    ("anthropic", "claude-sonnet-4-5", 529, "Overloaded"),
    ("openai", "gpt-4o-mini", 500, "The server had an error while processing your request."),
    ("google", "gemini-2.5-flash", 503, "The model is overloaded. Please try again later."),
    ("openai", "gpt-4o", 400, "This model's maximum context length is 128000 tokens; your messages have 141293."),
]
