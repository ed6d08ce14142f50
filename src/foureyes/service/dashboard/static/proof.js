// Proofs of a Merkle tree, checked with the browser's own SHA-256 and Ed25519. Nothing here touches the page or the network.
// Source: RFC 9162 §2.1.3.2 (inclusion) and §2.1.4.2 (consistency); C2SP tlog-checkpoint and signed-note.

export class Doctored extends Error {}

const utf8 = new TextEncoder();

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export function fromHex(text) {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new Doctored("a hash is not lower-case hexadecimal");
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function fromBase64(text) {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    throw new Doctored("what should be base64 is not");
  }
}

export function available() {
  return globalThis.crypto?.subtle !== undefined;
}

async function sha256(...parts) {
  const joined = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined));
}

export const leafHash = (bytes) => sha256(Uint8Array.of(0), bytes);
export const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);

/** Climbs from an entry to the root. Returns [{side, sibling, hash}], whose last hash is the root computed. */
export async function climb(leaf, index, size, path) {
  if (!(Number.isSafeInteger(index) && index >= 0 && index < size)) throw new Doctored(`there is no entry ${index} in a log of ${size}`);
  let fn = BigInt(index);
  let sn = BigInt(size) - 1n;
  let hash = leaf;
  const steps = [];
  for (const text of path) {
    const sibling = fromHex(text);
    if (sn === 0n || sibling.length !== 32) throw new Doctored("the proof is longer than the tree is high");
    const left = (fn & 1n) === 1n || fn === sn;
    hash = left ? await nodeHash(sibling, hash) : await nodeHash(hash, sibling);
    if (left && (fn & 1n) === 0n) while ((fn & 1n) === 0n && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    [fn, sn] = [fn >> 1n, sn >> 1n];
    steps.push({ side: left ? "left" : "right", sibling: text, hash: hex(hash) });
  }
  if (sn !== 0n) throw new Doctored("the proof ends below the root");
  return steps;
}

/** Whether a log of size `next` with root `after` extends the one of size `old` with root `before`. */
export async function extend(old, before, next, after, path) {
  if (old === next) return path.length === 0 && before === after;
  if (old === 0) return path.length === 0;
  if (old > next) return false;
  const hashes = path.map(fromHex);
  const size = BigInt(old);
  if ((size & (size - 1n)) === 0n) hashes.unshift(fromHex(before));
  if (!hashes.length) return false;
  let [fn, sn] = [BigInt(old) - 1n, BigInt(next) - 1n];
  while ((fn & 1n) === 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
  let [fr, sr] = [hashes[0], hashes[0]];
  for (const c of hashes.slice(1)) {
    if (sn === 0n) return false;
    if ((fn & 1n) === 1n || fn === sn) {
      [fr, sr] = [await nodeHash(c, fr), await nodeHash(c, sr)];
      while ((fn & 1n) === 0n && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      sr = await nodeHash(sr, c);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && hex(fr) === before && hex(sr) === after;
}

/** Reads a checkpoint: {origin, size, root, text, signatures: [{name, id, bytes}]}. */
export function parseCheckpoint(note) {
  const cut = note.lastIndexOf("\n\n");
  const text = note.slice(0, cut + 1);
  const [origin, size, root] = text.split("\n");
  if (cut < 0 || !origin || !/^(0|[1-9][0-9]*)$/.test(size ?? "") || !Number.isSafeInteger(Number(size))) {
    throw new Doctored("this is not a checkpoint");
  }
  const signatures = note.slice(cut + 2).split("\n").filter(Boolean).map(signatureOf);
  const bytes = fromBase64(root ?? "");
  if (bytes.length !== 32) throw new Doctored("the checkpoint’s root is not 32 bytes");
  return { origin, size: Number(size), root: hex(bytes), text, signatures };
}

function signatureOf(line) {
  const [, name, signed] = /^— (\S+) (\S+)$/.exec(line) ?? [];
  if (!name) throw new Doctored("a line of the checkpoint is not a signature");
  const bytes = fromBase64(signed);
  return { name, id: hex(bytes.slice(0, 4)), bytes: bytes.slice(4) };
}

/** Reads a verifier key `name+id+base64`, and makes sure that the id is its own. */
export async function parseKey(line) {
  const [, name, id, encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(line) ?? [];
  const key = fromBase64(encoded ?? "");
  if (!name || key[0] !== 1 || key.length !== 33) throw new Doctored("the log’s key is not an Ed25519 key");
  const own = hex(await sha256(utf8.encode(`${name}\n`), key)).slice(0, 8);
  if (own !== id) throw new Doctored("the log’s key does not have the id it claims");
  return { name, id, public: key.slice(1) };
}

/** "signed", "unsigned", or "unknown" where this browser has no Ed25519. */
export async function checkSignature(checkpoint, key) {
  const signature = checkpoint.signatures.find(({ name, id }) => name === key.name && id === key.id);
  if (!signature || key.name !== checkpoint.origin) return "unsigned";
  let imported;
  try {
    imported = await crypto.subtle.importKey("raw", key.public, { name: "Ed25519" }, false, ["verify"]);
  } catch (error) {
    if (error.name === "NotSupportedError") return "unknown";
    throw new Doctored("the log’s key cannot be used");
  }
  const good = await crypto.subtle.verify({ name: "Ed25519" }, imported, signature.bytes, utf8.encode(checkpoint.text));
  return good ? "signed" : "unsigned";
}
