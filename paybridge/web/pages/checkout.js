// Keeps the page as things stand, and copies the line to type.
"use strict";

(() => {
  const here = location.pathname;
  const live = document.querySelector("[data-live]");
  const again = document.querySelector("[data-again]");
  const page = () => document.getElementById("checkout");

  const copying = () => {
    const button = page().querySelector("button[data-copy]");
    if (!button || !navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = button.dataset.done;
    });
  };

  const look = async () => {
    const answer = await fetch(here, { cache: "no-store" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("checkout");
    if (!fresh) return;
    // What is read aloud stays where it is, or it would not be read again.
    const [said, now] = [page().querySelector("[role=status]"), fresh.querySelector("[role=status]")];
    said.textContent = now.textContent;
    said.className = now.className;
    now.replaceWith(said);
    page().replaceWith(fresh);
    copying();
  };

  const follow = () => {
    const stream = new EventSource(`${here}/events?seen=${encodeURIComponent(page().dataset.mark)}`);
    const show = (on) => {
      live.hidden = !on;
      again.hidden = on;
    };
    stream.onopen = () => show(true);
    stream.onmessage = (event) => {
      if (event.data !== page().dataset.mark) look().catch(() => show(false));
    };
    stream.onerror = () => {
      show(false);
      if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 30000);
    };
  };

  copying();
  follow();
})();
