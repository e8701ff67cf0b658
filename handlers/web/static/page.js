// What the page does beyond its forms: after an answer arrives in place, clear the box and bring the answer into view;
// Enter sends, Shift+Enter makes a new line. Without this file everything still works by whole pages.
"use strict";

const box = document.getElementById("text");
const form = document.getElementById("ask");
const exchanges = document.getElementById("exchanges");

if (box && form && exchanges) {
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });

  new MutationObserver((changes) => {
    const added = changes.flatMap((change) => [...change.addedNodes]).filter((node) => node.nodeType === 1);
    const exchange = added.reverse().find((node) => node.classList.contains("exchange"));
    if (!exchange) return;
    // What was handed back stays in the box, to be edited; nothing that was typed is lost.
    const keep = exchange.querySelector(".reply.identifiers, .reply.too_long, .reply.busy, .reply.error, .reply.empty");
    if (!keep) box.value = "";
    exchange.scrollIntoView({ behavior: "smooth", block: "start" });
    box.focus({ preventScroll: true });
  }).observe(exchanges, { childList: true });
}

document.body.addEventListener("htmx:error", () => {
  let notice = document.getElementById("offline");
  if (!notice) {
    notice = document.createElement("p");
    notice.id = "offline";
    notice.className = "problem";
    notice.setAttribute("role", "alert");
    form?.prepend(notice);
  }
  notice.textContent = "That did not reach the service. Your text is still here: press Ask again. In danger, ring 999.";
});
