// An exported page: rows, details and labels come from the data it carries.

/**
 * @param {{file: any, rows: any, details: Record<string, any>}} data as foureyes.view.page.exported takes it
 * @returns {import("./source.js").Source}
 */
export function embedded({ file, rows, details }) {
  const mine = new Map(rows.rows.map(({ row, mine: label }) => [row, label]));
  const counted = () => tally(rows.rows, mine);
  return {
    saves: false,
    file: async () => ({ ...file, files: [{ ...file.files[0], caught_up: true, labels: counted() }] }),
    rows: async (query) => {
      const asked = Object.fromEntries(query);
      const signals = file.files[0].verifiers[asked.verifier ?? 0]?.signals ?? [];
      const worst = signals.find(({ name }) => name === asked.sort)?.worst;
      const found = ordered(listed(rows.rows, details, asked, mine), asked, worst);
      const offset = Number(asked.offset ?? 0);
      const shown = found.slice(offset, offset + Number(asked.limit ?? 50));
      return { total: found.length, indexed: rows.rows.length, order: asked.order ?? "worst", search: null, rows: shown.map((row, i) => ({ ...row, place: offset + i + 1 })) };
    },
    row: async (query) => {
      const row = Number(query.get("row"));
      return { ...details[row], mine: mine.get(row) };
    },
    label: async ({ row, label }) => {
      mine.set(row, label);
      return { mine: label, labels: counted() };
    },
  };
}

function listed(rows, details, asked, mine) {
  const verifier = Number(asked.verifier ?? 0);
  const beside = asked.with ? Number(asked.with.split(":")[1]) : null;
  const number = (row, which) => signalsOf(details, row, which).find(({ name }) => name === asked.sort)?.value ?? null;
  const all = rows.map((row) => {
    const value = number(row, verifier);
    const theirs = beside === null ? null : number(row, beside);
    const difference = value === null || theirs === null ? null : value - theirs;
    return { ...row, mine: mine.get(row.row), value, with: beside === null ? undefined : { row: row.row, value: theirs, difference } };
  });
  return all.filter((row) => fits(row, asked, details));
}

const signalsOf = (details, row, which) => details[row.row]?.verifiers[which]?.signals ?? [];

/** Numbers first; rows without one keep their order behind them. */
function ordered(rows, { order = "worst", by = "value" }, worst) {
  if (order === "file") return rows.toSorted((a, b) => a.row - b.row);
  const sign = (order === "best") === (worst === "low") ? -1 : 1;
  const key = (row) => (by === "difference" ? row.with.difference : row.value);
  return rows.toSorted((a, b) => {
    const [first, second] = [key(a), key(b)];
    if (first === null || second === null) return Number(first === null) - Number(second === null);
    return sign * (first - second);
  });
}

function fits(row, asked, details) {
  const within = (value, least, most) => !(least || most) || (value !== null && value >= Number(least || -Infinity) && value <= Number(most || Infinity));
  const label = row.mine ?? row.label ?? "none";
  const text = () => [...(details[row.row]?.prompt ?? []).map((turn) => turn.text), details[row.row]?.answer ?? ""].join("\n").toLowerCase();
  return (
    (!asked.label || asked.label === label) &&
    within(row.value, asked.signal_min, asked.signal_max) &&
    within(row.n_tokens, asked.min_tokens, asked.max_tokens) &&
    (!asked.text || text().includes(asked.text.toLowerCase()))
  );
}

function tally(rows, mine) {
  const counts = { right: 0, wrong: 0, unsure: 0, none: 0 };
  for (const row of rows) counts[mine.get(row.row) ?? row.label ?? "none"] += 1;
  return counts;
}
