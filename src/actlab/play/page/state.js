// The state in the page's address: #v=1&f=..., a version first, then what differs from the default.
const VERSION = "1", LONGEST_HASH = 20000, MOST_TOLD = 12;

// `fields` has for each key of the state { default, read, write, short }: `short` is its name in the address.
// What a hash says: { values, told }, where `told` is a sentence about what could not be taken, or "".
export function fromHash(hash, fields) {
  const values = Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field.default]));
  const words = hash.replace(/^#/, "");
  if (!words) return { values, told: "" };
  if (words.length > LONGEST_HASH) {
    return { values, told: `The address has ${words.length.toLocaleString("en")} characters, at most ${LONGEST_HASH.toLocaleString("en")} are read: the page is as it begins.` };
  }
  const parts = words.split("&").filter(Boolean), pairs = parts.map(decoded);
  const version = pairs.find((pair) => pair && pair[0] === "v")?.[1];
  if (version !== VERSION) {
    const what = version === undefined ? "names no version" : `is of version ${cut(version)}`;
    return { values, told: `The address ${what}; this page reads version ${VERSION}, and is as it begins.` };
  }
  const wrong = [];
  for (const [at, pair] of pairs.entries()) {
    if (!pair) { wrong.push(cut(parts[at])); continue; }
    const [key, text] = pair;
    if (key === "v") continue;
    const [name, field] = Object.entries(fields).find(([one, { short = one }]) => short === key) ?? [];
    const value = field?.read(text);
    if (value === undefined) wrong.push(cut(key));
    else values[name] = value;
  }
  const listed = wrong.length > MOST_TOLD ? [...wrong.slice(0, MOST_TOLD), `${wrong.length - MOST_TOLD} more`] : wrong;
  const told = wrong.length ? `Of the address, ${listed.join(", ")} could not be read: the default stands there.` : "";
  return { values, told };
}

// What differs from the default, as a hash; "" where nothing does.
export function toHash(state, fields) {
  const parts = Object.entries(fields)
    .map(([key, field]) => [field.short ?? key, field.write(state[key]), field.write(field.default)])
    .filter(([, value, usual]) => value !== usual)
    .map(([key, value]) => `${key}=${encoded(value)}`);
  return parts.length ? `#v=${VERSION}&${parts.join("&")}` : "";
}

// Readable: what an address may hold as it is, stays.
const encoded = (value) => encodeURIComponent(value).replace(/%20/g, "+").replace(/%(2C|3D|2F|3A|3B)/g, decodeURIComponent);

function decoded(part) {
  const [key, ...rest] = part.replace(/\+/g, " ").split("=");
  try {
    return [decodeURIComponent(key), decodeURIComponent(rest.join("="))];
  } catch {
    return undefined;
  }
}

const cut = (words) => (words.length > 30 ? `${words.slice(0, 30)}...` : words);
