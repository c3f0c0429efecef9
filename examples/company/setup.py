"""What Lumen's people made in the dashboard: prompts with versions and labels, and a running experiment."""

SUPPORT_SYSTEMS = [
    ("You answer customers of Lumen, a shop for lamps. Be kind.", "First draft"),
    ("You answer customers of Lumen, a shop for lamps. Be kind and brief. Never promise a date that you do not know.",
     "No invented dates"),
    ("You answer customers of Lumen, a shop for lamps, in the language they write in.\n\n- Be kind and brief: at most "
     "120 words.\n- Never promise a date that you do not know.\n- Offer the next step yourself: a return, a "
     "replacement, a confirmation.", "Answers in the customer's language; offers the next step"),
]

PROMPTS = [
    {"slug": "support-reply", "name": "Support reply", "description": "Answers to customers, in chat and by e-mail",
     "model": "gpt-4o", "provider": "OPENAI",
     "versions": [([("system", text), ("user", "{{customer_name}} writes:\n\n{{question}}")], note)
                  for text, note in SUPPORT_SYSTEMS],
     "labels": {"production": 2, "staging": 3}},
    {"slug": "product-copy", "name": "Product copy", "description": "Texts for the shop's pages",
     "model": "claude-sonnet-4-5", "provider": "ANTHROPIC",
     "versions": [
         ([("system", "You write for a shop. No superlatives."),
           ("user", "Write a product text for the {{product}} ({{material}}). Style: {{style}}.")], "First draft"),
         ([("system", "You write for a shop. No superlatives, no exclamation marks, at most 60 words."),
           ("user", "Write a product text for the {{product}}.\nMaterial: {{material}}\nStyle: {{style}}")],
          "Shorter, and the material on a line of its own")],
     "labels": {"production": 2}},
    {"slug": "answer-from-guides", "name": "Answer from the guides", "description": "Retrieval over Lumen's own guides",
     "model": "gemini-2.5-flash", "provider": "GOOGLE",
     "versions": [([("system", "Answer only from the passages. Name the passage. Say so when they do not answer."),
                    ("user", "Passages:\n{{passages}}\n\nQuestion: {{question}}")], "First draft")],
     "labels": {"production": 1}},
    {"slug": "triage-ticket", "name": "Triage a ticket", "description": "Topic, urgency and language of a message",
     "model": "gpt-4o-mini", "provider": "OPENAI",
     "outputSchema": {"type": "object", "required": ["topic", "urgent", "language"], "additionalProperties": False,
                      "properties": {"topic": {"type": "string", "enum": ["order", "return", "product", "payment"]},
                                     "urgent": {"type": "boolean"}, "language": {"type": "string"}}},
     "versions": [([("system", "Classify the message of a customer."), ("user", "{{message}}")], "First draft")],
     "labels": {"production": 1}},
    {"slug": "subject-line", "name": "Newsletter subject line", "description": "Five subject lines to choose from",
     "model": "gpt-4o-mini", "provider": "OPENAI",
     "versions": [([("user", "Five subject lines for a newsletter about {{topic}}, at most 45 characters each.")], None)],
     "labels": {}},
]


def content(messages):
    return [{"id": f"msg_{i + 1}", "role": role, "content": text} for i, (role, text) in enumerate(messages)]


def make_prompts(api):
    """Makes what is not there yet."""
    have = {prompt["slug"] for prompt in api("GET", "/api/v1/prompts?limit=100")["prompts"]}
    for prompt in PROMPTS:
        if prompt["slug"] in have:
            continue
        body = {key: prompt[key] for key in ("slug", "name", "description", "model", "provider", "outputSchema")
                if key in prompt}
        for number, (messages, note) in enumerate(prompt["versions"]):
            more = {"content": content(messages)} | ({"note": note} if note else {})
            if number == 0:
                api("POST", "/api/v1/prompts", body | more)
            else:
                api("PUT", f"/api/v1/prompts/{prompt['slug']}", more)
        for label, version in prompt["labels"].items():
            api("PUT", f"/api/v1/prompts/{prompt['slug']}/labels/{label}", {"version": version})


def start_experiment(api):
    """Version 2 of the support prompt against version 3; answers its id, which stays the same from run to run."""
    path = "/api/v1/prompts/support-reply/experiments"
    known = [one for one in api("GET", path)["experiments"] if one["name"] == "Offer the next step"]
    experiment = known[0] if known else api("POST", path, {
        "name": "Offer the next step", "primaryMetric": "quality",
        "variants": [{"key": "today", "weight": 50, "version": 2}, {"key": "next-step", "weight": 50, "version": 3}]})
    if experiment["status"] == "draft":
        api("POST", f"{path}/{experiment['id']}/start")
    return experiment["id"]
