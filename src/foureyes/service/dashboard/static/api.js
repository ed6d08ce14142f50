// All talk with the server. The key is in the tab's sessionStorage and in one header, nowhere else.

const PLACE = "foureyes-key";

export class Refused extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

/** No answer came, or it broke off; unlike a mistake of ours, this may pass. */
export class Lost extends Error {}

export const key = {
  get: () => sessionStorage.getItem(PLACE),
  set: (value) => sessionStorage.setItem(PLACE, value),
  forget: () => sessionStorage.removeItem(PLACE),
};

async function ask(path, options = {}) {
  const headers = { ...options.headers, Authorization: `Bearer ${key.get()}` };
  const response = await reached(fetch(path, { ...options, headers, cache: "no-store", credentials: "omit", redirect: "error" }));
  if (!response.ok) throw new Refused(response.status, await reason(response));
  return response;
}

/** What browsers throw when a line breaks is a TypeError or an AbortError, as for a mistake; here it gets a name. */
async function reached(answer) {
  try {
    return await answer;
  } catch (error) {
    throw new Lost("the line broke", { cause: error });
  }
}

async function reason(response) {
  try {
    const problem = await response.json();
    return problem.detail ?? problem.title ?? response.statusText;
  } catch {
    return response.statusText;
  }
}

export const get = async (path) => JSON.parse(await text(path));
export const text = async (path) => reached((await ask(path)).text());

export const post = async (path, body) =>
  ask(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });

/** Server-sent events over fetch, which unlike EventSource can send a header. Yields {kind, id, value}. */
export async function* events(after, signal) {
  const response = await ask(`v1/events?after=${after}`, { signal, headers: { Accept: "text/event-stream" } });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { value, done } = await reached(reader.read());
    if (done) return;
    const blocks = (held + value.replaceAll("\r\n", "\n")).split("\n\n");
    held = blocks.pop();
    yield* blocks.map(parsed).filter((event) => event !== null);
    yield { kind: "alive" };
  }
}

function parsed(block) {
  const fields = {};
  for (const line of block.split("\n")) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name) fields[name] = name === "data" && "data" in fields ? `${fields.data}\n${value}` : value;
  }
  return fields.data ? { kind: fields.event ?? "message", id: Number(fields.id), value: JSON.parse(fields.data) } : null;
}
