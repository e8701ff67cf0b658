// What the page does beyond its forms: after an answer arrives in place, clear the box and bring the answer into view;
// Enter sends, Shift+Enter makes a new line. Without this file everything still works by whole pages.
"use strict";

const box = document.getElementById("text");
const form = document.getElementById("ask");
const exchanges = document.getElementById("exchanges");

if (box && form && exchanges) {
  let sent = null;
  form.addEventListener("htmx:before:request", () => { sent = box.value; });

  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });

  new MutationObserver((changes) => {
    const added = changes.flatMap((change) => [...change.addedNodes]).filter((node) => node.nodeType === 1);
    document.getElementById("offline")?.remove();
    added.find((node) => node.classList.contains("problem"))?.scrollIntoView({ block: "nearest" });
    const exchange = added.reverse().find((node) => node.classList.contains("exchange"));
    if (!exchange) return;
    // What was handed back stays in the box, to be edited, and so does what was typed since: nothing typed is lost.
    const keep = exchange.querySelector(".reply.identifiers, .reply.too_long, .reply.busy, .reply.error, .reply.empty");
    if (!keep && box.value === sent) box.value = "";
    exchange.scrollIntoView({ block: "start" });
    box.focus({ preventScroll: true });
  }).observe(exchanges, { childList: true });
}

function sayUnreached() {
  let notice = document.getElementById("offline");
  if (!notice) {
    notice = document.createElement("p");
    notice.id = "offline";
    notice.className = "problem";
    notice.setAttribute("role", "alert");
    form?.prepend(notice);
  }
  notice.textContent = "There was no answer. What you typed is still here: try again. In danger, ring 999.";
  notice.scrollIntoView({ block: "nearest" });
}

document.body.addEventListener("htmx:error", sayUnreached);
document.body.addEventListener("htmx:response:error", (event) => {
  // Refusals (4xx) are shown in place; anything else may be a gateway's page, which helps nobody.
  if (event.detail.ctx.response.status >= 500) sayUnreached();
});
