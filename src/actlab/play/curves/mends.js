// What the page makes of a refusal: its words without those of a shell, and the text that mends the mistake.

// Python's words name options and commands that a page has not.
export const inPage = (message) => message
  .replace(/ Give it one: --param \w+=1, or "/, ' Give it one: "')
  .replace("See `actlab list`.", "The arrow in the field lists all that there are.");

// A text that mends a mistake, or "".
export function mended(words, { message, at, length, mend }) {
  if (mend) return mend;
  const near = message.match(/Did you mean '([^'\n]+)'\?/);
  return near && at >= 0 && length > 0 ? words.slice(0, at) + near[1] + words.slice(at + length) : "";
}

// The part from # on of an address of this page, where somebody pastes one: "#v=1&f=relu", or "".
export function hashIn(words) {
  const found = words.match(/(?:^|#)(v=\d+(?:&\S*)?)\s*$/);
  return found && (words.includes("#") || found[1].includes("&")) ? `#${found[1]}` : "";
}
