// Looking for decisions by request, agent, session and time, among those that the service remembers.

import { get } from "./api.js";
import { byId } from "./dom.js";
import { dayTime } from "./format.js";
import { count, plural } from "./numbers.js";

const FIELDS = { request_id: "find-request", agent_id: "find-agent", session_id: "find-session" };
const TIMES = { since: "find-since", until: "find-until" };
const MOST = 500;

/** Makes the form work: `show` is given what was found, or null when the search is over. */
export function prepareSearch(show, attempt) {
  const form = byId("search");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(() => search(show));
  });
  form.addEventListener("reset", () => {
    byId("search-found").textContent = "";
    show(null);
  });
}

async function search(show) {
  const asked = new URLSearchParams({ limit: MOST });
  for (const [name, id] of Object.entries(FIELDS)) {
    const value = byId(id).value.trim();
    if (value) asked.set(name, value);
  }
  for (const [name, id] of Object.entries(TIMES)) {
    const value = byId(id).value;
    if (value) asked.set(name, new Date(name === "until" ? endOf(value) : value).toISOString());
  }
  const answer = await found(asked);
  if (answer === null) return;
  show(answer.decisions);
  const since = answer.since === null ? "" : `, back to ${dayTime(answer.since)}`;
  const more = answer.decisions.length === MOST ? `The newest ${MOST}` : count(answer.decisions.length);
  byId("search-found").textContent = `${more} found among ${plural(answer.remembered, "decision")} remembered${since}. Older ones are in the ledger.`;
}

/** The answer, or null where the search was refused, which is said. */
async function found(asked) {
  try {
    return await get(`v1/decisions?${asked}`);
  } catch (error) {
    if (error.status !== 422) throw error;
    byId("search-found").textContent = "Names are letters, digits and . _ : @ / + -, 128 at most.";
    return null;
  }
}

/** A minute that is named is meant to its end. */
const endOf = (value) => (/T\d\d:\d\d$/.test(value) ? `${value}:59.999` : value);
