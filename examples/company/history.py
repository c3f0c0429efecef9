"""The last two weeks, as spans with start times in the past. The same seed gives the same two weeks."""

import datetime
import hashlib
import json
import math
import random

import texts

BATCH = 500


class History:
    def __init__(self, api, experiment_id, days=14, traces_a_day=120, seed=7):
        self.api, self.experiment_id = api, experiment_id
        self.days, self.traces_a_day = days, traces_a_day
        self.random = random.Random(seed)
        self.batch, self.ratings = [], []
        self.stored = 0

    def play(self, report):
        """Sends all of it; report(done, total) is called as it goes."""
        now = datetime.datetime.now(datetime.timezone.utc)
        total = self.days * self.traces_a_day
        for number in range(total):
            day, place = divmod(number, self.traces_a_day)
            # Few at night and at weekends, a little more each day.
            hour = 24 * (place + self.random.random()) / self.traces_a_day
            hour = (hour + 2.2 * math.sin((hour - 15) / 24 * 2 * math.pi)) % 24
            start = now - datetime.timedelta(days=self.days - day, hours=-hour)
            if start < now and (start.weekday() < 5 or self.random.random() < 0.45):
                self.trace(start)
            if number % 100 == 99:
                report(number + 1, total)
        self.flush()
        for path, body in self.ratings:
            self.api("POST", path, body)
        report(total, total)

    def trace(self, start):
        kinds = [(self.support_chat, 46), (self.copy_text, 14), (self.guide_answer, 18), (self.triage, 14),
                 (self.agent, 8)]
        play = self.random.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]
        play(start)

    # --- what the applications do ---

    def support_chat(self, start):
        question, answer, more, more_answer = self.random.choice(texts.SUPPORT)
        user = self.user()
        fill = self.facts()
        session = f"chat-{self.hex(6)}"
        variant = int(hashlib.sha256(user.encode()).hexdigest(), 16) % 2  # half of the customers, always the same
        version = 3 if variant else 2
        messages = [{"role": "system", "content": "You answer customers of Lumen, a shop for lamps."},
                    {"role": "user", "content": f"{user.split('-')[0].title()} writes:\n\n{fill(question)}"}]
        common = {"promptSlug": "support-reply", "promptVersion": version, "userId": user, "sessionId": session,
                  "tags": ["support", "chat"], "experimentId": self.experiment_id,
                  "variant": "next-step" if variant else "today"}
        first = self.chat(start, "gpt-4o", "openai", messages, fill(answer), **common,
                          variables={"customer_name": user.split("-")[0].title(), "question": fill(question)})
        if first["status"] == "SUCCESS" and self.random.random() < 0.4:
            mean = 0.82 if variant else 0.71
            self.rate(first, min(1.0, max(0.0, self.random.gauss(mean, 0.15))))
        if more and first["status"] == "SUCCESS" and self.random.random() < 0.6:
            messages = messages + [{"role": "assistant", "content": fill(answer)}, {"role": "user", "content": more}]
            self.chat(start + datetime.timedelta(seconds=self.random.randint(30, 240)), "gpt-4o", "openai", messages,
                      fill(more_answer), **(common | {"variables": None}))

    def copy_text(self, start):
        name, _, material = self.random.choice(texts.PRODUCTS)
        style = self.random.choice(texts.COPY_STYLES)
        text = texts.COPY.format(product=name, material=material.capitalize())
        messages = [{"role": "system", "content": "You write for a shop. No superlatives."},
                    {"role": "user", "content": f"Write a product text for the {name}.\nMaterial: {material}\nStyle: {style}"}]
        span = self.chat(start, "claude-sonnet-4-5", "anthropic", messages, text, promptSlug="product-copy",
                         promptVersion=self.random.choice([1, 2, 2, 2]), tags=["shop"], userId="editor-mara",
                         variables={"product": name, "material": material, "style": style})
        if span["status"] == "SUCCESS" and self.random.random() < 0.25:
            self.rate(span, self.random.choice([0.5, 0.75, 1.0]))

    def guide_answer(self, start):
        """Retrieval: an embedding, the search, then the answer, under one root."""
        user, trace = self.user(), f"tr_{self.hex(16)}"
        question = self.random.choice(["How bright should my kitchen be?", "How do I clean a linen shade?",
                                       "How long can I return a lamp?", "What does shipping cost?"])
        found = self.random.sample(texts.GUIDES, 3)
        root = f"sp_{self.hex(16)}"
        embedding_ms, search_ms = self.random.randint(40, 120), self.random.randint(4, 30)
        self.add({"spanId": f"sp_{self.hex(16)}", "traceId": trace, "parentSpanId": root, "spanKind": "EMBEDDING",
                  "model": "text-embedding-3-small", "provider": "openai", "input": {"text": [question]},
                  "output": json.dumps({"dimensions": 1536, "count": 1}), "status": "SUCCESS", "latencyMs": embedding_ms,
                  "inputTokens": 9, "totalTokens": 9, "userId": user, "tags": ["guides"]}, start)
        later = start + datetime.timedelta(milliseconds=embedding_ms)
        self.add({"spanId": f"sp_{self.hex(16)}", "traceId": trace, "parentSpanId": root, "spanKind": "RETRIEVAL",
                  "name": "search guides", "input": {"query": question, "k": 3},
                  "output": json.dumps([{"id": key, "score": round(self.random.uniform(0.6, 0.95), 3)} for key, _ in found]),
                  "status": "SUCCESS", "latencyMs": search_ms, "userId": user, "tags": ["guides"]}, later)
        later += datetime.timedelta(milliseconds=search_ms)
        passages = "\n".join(f"[{key}] {text}" for key, text in found)
        answer = self.chat(later, "gemini-2.5-flash", "google",
                           [{"role": "system", "content": "Answer only from the passages. Name the passage."},
                            {"role": "user", "content": f"Passages:\n{passages}\n\nQuestion: {question}"}],
                           f"{found[0][1]} *({found[0][0]})*", traceId=trace, parentSpanId=root, userId=user,
                           promptSlug="answer-from-guides", promptVersion=1, tags=["guides"],
                           variables={"passages": passages, "question": question})
        self.add({"spanId": root, "traceId": trace, "spanKind": "CHAIN", "name": "answer from the guides",
                  "input": {"question": question}, "output": answer.get("output"), "status": answer["status"],
                  "error": answer.get("error"), "latencyMs": embedding_ms + search_ms + answer["latencyMs"] + 2,
                  "userId": user, "tags": ["guides"]}, start)

    def triage(self, start):
        fill = self.facts()
        question = fill(self.random.choice(texts.SUPPORT)[0])
        result = {"topic": self.random.choice(["order", "return", "product", "payment"]),
                  "urgent": self.random.random() < 0.2, "language": "de" if "Bestellung" in question else "en"}
        self.chat(start, "gpt-4o-mini", "openai",
                  [{"role": "system", "content": "Classify the message of a customer."}, {"role": "user", "content": question}],
                  json.dumps(result), structuredOutput=result, promptSlug="triage-ticket", promptVersion=1, tags=["support", "mail"],
                  variables={"message": question})

    def agent(self, start):
        """A loop: the model asks for tools until it can answer."""
        user, trace, root = self.user(), f"tr_{self.hex(16)}", f"sp_{self.hex(16)}"
        fill = self.facts()
        order = fill("{order}")
        messages = [{"role": "system", "content": "You may look up orders and open replacements."},
                    {"role": "user", "content": f"My lamp from {order} arrived broken."}]
        common = {"traceId": trace, "parentSpanId": root, "userId": user, "tags": ["agent"]}
        at = start
        steps = [("find_order", {"order": order}, {"order": order, "lamp": "Fjord floor lamp", "status": "delivered"}),
                 ("open_replacement", {"order": order, "reason": "broken"}, {"replacement": f"R-{self.hex(4)}", "days": 2})]
        for name, arguments, result in steps:
            call = {"id": f"call_{self.hex(8)}", "name": name, "arguments": arguments}
            span = self.chat(at, "gpt-4o", "openai", messages, None, toolCalls=[call], finishReason="tool_calls", fails=False,
                             tools=[{"name": tool, "description": "", "parameters": {"type": "object", "properties": {}}}
                                    for tool, _, _ in steps], **common)
            at += datetime.timedelta(milliseconds=span["latencyMs"])
            took = self.random.randint(15, 400)
            self.add({"spanId": f"sp_{self.hex(16)}", "spanKind": "TOOL", "name": name, "input": arguments,
                      "output": json.dumps(result), "status": "SUCCESS", "latencyMs": took, **common}, at)
            at += datetime.timedelta(milliseconds=took)
            messages = messages + [
                {"role": "assistant", "content": "", "toolCalls": [call]},
                {"role": "tool", "toolCallId": call["id"], "content": json.dumps(result)}]
        last = self.chat(at, "gpt-4o", "openai", messages,
                         "I am sorry! A new Fjord floor lamp is on its way and arrives within two days. Keep the broken one "
                         "until the carrier picks it up.", fails=False, **common)
        at += datetime.timedelta(milliseconds=last["latencyMs"])
        self.add({"spanId": root, "traceId": trace, "spanKind": "AGENT", "name": "replace a broken lamp", "input": {"order": order},
                  "output": last["output"], "status": "SUCCESS", "latencyMs": int((at - start).total_seconds() * 1000) + 3,
                  "userId": user, "tags": ["agent"]}, start)

    # --- parts ---

    def chat(self, start, model, provider, messages, output, fails=True, finishReason="stop", **more):
        tokens_in = sum(len(str(message.get("content") or "")) for message in messages) // 4 + 12
        tokens_out = len(output or "") // 4 + 20
        first_token = int(self.random.lognormvariate(5.9, 0.35))
        latency = first_token + int(tokens_out * self.random.uniform(9, 22))
        span = {"spanId": f"sp_{self.hex(16)}", "model": model, "provider": provider, "input": {"messages": messages},
                "output": output, "status": "SUCCESS", "latencyMs": latency, "timeToFirstTokenMs": first_token,
                "inputTokens": tokens_in, "outputTokens": tokens_out, "totalTokens": tokens_in + tokens_out,
                "finishReason": finishReason, "temperature": 0.3, **more}
        if tokens_in > 150:
            span["cachedInputTokens"] = tokens_in // 2
        if fails and self.random.random() < 0.018:
            failed = self.random.choice([one for one in texts.FAILURES if one[0] == provider] or texts.FAILURES)
            span |= {"status": "ERROR", "error": failed[3], "output": None, "finishReason": None, "structuredOutput": None,
                     "timeToFirstTokenMs": None, "inputTokens": None, "outputTokens": None, "totalTokens": None,
                     "cachedInputTokens": None, "latencyMs": self.random.randint(80, 9000),
                     "attributes": {"http.status": failed[2]}}
        return self.add(span, start)

    def add(self, span, start):
        span["startTime"] = start.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        self.batch.append({key: value for key, value in span.items() if value is not None})
        if len(self.batch) >= BATCH:
            self.flush()
        return span

    def flush(self):
        if self.batch:
            answer = self.api("POST", "/api/v1/spans/batch", self.batch)
            if answer["rejected"]:
                raise RuntimeError(f"the server refused a span: {answer['rejected'][0]}")
            self.stored += answer["accepted"]
            self.batch = []

    def rate(self, span, value):
        """Ratings go last: their spans must be stored first."""
        body = {"evaluatorKey": "quality", "value": round(value, 2)}
        self.ratings.append((f"/api/v1/spans/{span['spanId']}/evaluations", body))

    def facts(self):
        values = {"product": self.random.choice(texts.PRODUCTS)[0], "city": self.random.choice(texts.CITIES),
                  "order": f"LU-{self.random.randint(10_000, 99_999)}"}
        return lambda text: text.format(**values)

    def user(self):
        number = min(int(self.random.expovariate(1 / 60)), 400)  # some come often
        return f"{texts.NAMES[number % len(texts.NAMES)].lower()}-{100 + number}"

    def hex(self, digits):
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"
