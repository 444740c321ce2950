// The scale of two colours in which outputs are painted: blue for class 0, the paper between, orange for class 1.
const ENDS = {
  light: [[0, 90, 160], [255, 255, 255], [200, 85, 0]], dark: [[70, 165, 240], [20, 23, 27], [255, 160, 70]],
};
const darkTheme = matchMedia("(prefers-color-scheme: dark)");

const isDark = () => darkTheme.matches;
export const onTheme = (fn) => darkTheme.addEventListener("change", fn);
export const classColour = (label) => `rgb(${ENDS[isDark() ? "dark" : "light"][label ? 2 : 0].join(" ")})`;
export const inkColour = () => (isDark() ? "#e7eaee" : "#1b1f24");
export const paperColour = () => (isDark() ? "#14171b" : "#fff");

// 256 colours and one for what is no number, as the 32 bits of a pixel.
export function colourScale() {
  const [low, middle, high] = ENDS[isDark() ? "dark" : "light"];
  const packed = ([r, g, b]) => (255 << 24) | (b << 16) | (g << 8) | r;
  const colours = Int32Array.from({ length: 257 }, (_, n) => {
    const share = Math.abs(n / 127.5 - 1) * 0.85, end = n < 128 ? low : high;
    return packed(middle.map((from, at) => Math.round(from + share * (end[at] - from))));
  });
  colours[256] = packed(isDark() ? [150, 150, 150] : [120, 120, 120]);
  return colours;
}

// The place on the scale of a value between -1 and 1.
export const shade = (value) => (value !== value ? 256 : Math.round(127.5 + 127.5 * Math.max(-1, Math.min(1, value))));
