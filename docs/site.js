"use strict";
addEventListener("load", () => {
  // On a phone what was drawn for a page's width is not made too small to read.
  for (const picture of document.querySelectorAll("article p > img")) {
    picture.classList.toggle("wide", picture.naturalWidth > 520);
  }
  // What is wider than its place is reached by the keyboard too: code, formulas, tables, pictures.
  for (const wide of document.querySelectorAll("article :is(pre, .formula, .table-wrapper, p:has(> img))")) {
    if (wide.scrollWidth > wide.clientWidth) {
      wide.tabIndex = 0;
      wide.setAttribute("role", "region");
      wide.setAttribute("aria-label", "wider than the window");
    }
  }
  // Sphinx calls these headings, and not of which level.
  for (const caption of document.querySelectorAll(".caption[role=heading]")) caption.setAttribute("aria-level", "2");
});
