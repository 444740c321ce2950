"use strict";
// What is wider than the window is reached by the keyboard too: wide code, tables and pictures.
for (const wide of document.querySelectorAll("article pre, article .table-wrapper, article p:has(> img)")) {
  if (wide.scrollWidth > wide.clientWidth) {
    wide.tabIndex = 0;
    wide.setAttribute("role", "region");
    wide.setAttribute("aria-label", { PRE: "code", DIV: "table", P: "picture" }[wide.tagName]);
  }
}
