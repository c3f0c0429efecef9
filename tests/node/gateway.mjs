// OpenAI's client for Node through the gateway: node gateway.mjs <model>. Prints "ok", or fails.
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const client = new OpenAI({ maxRetries: 0 });
const model = process.argv[2];
const messages = [{ role: 'user', content: 'Tell me about the history of glass.' }];

const whole = await client.chat.completions.create({ model, messages });
assert.match(whole.choices[0].message.content, /glass/);

let text = '';
const stream = await client.chat.completions.create({ model, messages, stream: true });
for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? '';
assert.equal(text, whole.choices[0].message.content);

const response = await client.responses.create({ model, input: 'What is tea?' });
assert.match(response.output_text, /tea/);

const tools = [{ type: 'function', function: { name: 'get_weather', parameters: {
  type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } } }];
const runner = client.chat.completions.stream({
  model, tools, tool_choice: 'required', messages: [{ role: 'user', content: 'What is the weather in Paris?' }] });
const final = await runner.finalChatCompletion();
assert.equal(JSON.parse(final.choices[0].message.tool_calls[0].function.arguments).city, 'Paris');

const { data } = await client.embeddings.create({ model: 'voyage-3.5', input: ['a', 'b'] });
assert.equal(data.length, 2);
assert.ok(data[0].embedding.every(Number.isFinite));

await assert.rejects(client.chat.completions.create({ model: 'nobody', messages }), OpenAI.NotFoundError);
console.log('ok');
