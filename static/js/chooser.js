// A field that is chosen by typing: offers what the address in data-choices knows, as a combobox.
// In a text area it works on the line that is being written. Without script one types name or key.
(() => {
  "use strict";
  const WAIT = 140; // ms between a keystroke and the question
  let serial = 0;

  class Chooser {
    constructor(field) {
      this.field = field;
      this.asked = 0;
      this.list = document.createElement("ul");
      this.list.id = `vr-offered-${++serial}`;
      this.list.className = "vr-offered";
      this.list.setAttribute("role", "listbox");
      this.list.setAttribute("aria-label", field.labels?.[0]?.textContent.trim() || "Offered");
      this.list.hidden = true;
      field.parentNode.classList.add("vr-chooser");
      field.after(this.list);
      field.setAttribute("role", "combobox");
      field.setAttribute("aria-expanded", "false");
      field.setAttribute("aria-controls", this.list.id);
      field.setAttribute("aria-autocomplete", "list");
      field.addEventListener("input", () => this.later());
      field.addEventListener("focus", () => this.later());
      field.addEventListener("blur", () => this.close());
      field.addEventListener("keydown", (event) => this.key(event));
      this.list.addEventListener("mousedown", (event) => {
        event.preventDefault(); // the field keeps the focus
        const option = event.target.closest("[role=option]");
        if (option) this.choose(option);
      });
    }

    get typed() {
      if (this.field.tagName !== "TEXTAREA") return this.field.value;
      const { start, end } = this.line;
      return this.field.value.slice(start, end);
    }

    get line() {
      const value = this.field.value;
      const at = this.field.selectionStart;
      const next = value.indexOf("\n", at);
      return { start: value.lastIndexOf("\n", at - 1) + 1, end: next < 0 ? value.length : next };
    }

    later() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.ask(), WAIT);
    }

    async ask() {
      const number = ++this.asked;
      const address = new URL(this.field.dataset.choices, location.href);
      address.searchParams.set("q", this.typed.replace(/\s*\([^()\s]*\)\s*$/, ""));
      let offered;
      try {
        const answer = await fetch(address, { headers: { Accept: "application/json" } });
        if (!answer.ok) return;
        ({ offered } = await answer.json());
      } catch {
        return; // no connection: what was typed still counts
      }
      if (number === this.asked && document.activeElement === this.field) this.show(offered);
    }

    show(offered) {
      this.list.replaceChildren(...offered.map((item, index) => this.option(item, index)));
      if (!offered.length) {
        const none = document.createElement("li");
        none.className = "vr-offered-none";
        none.textContent = "Nothing has this name or key.";
        this.list.append(none);
      }
      this.list.hidden = false;
      this.field.setAttribute("aria-expanded", "true");
      this.mark(-1);
    }

    option(item, index) {
      const option = document.createElement("li");
      option.id = `${this.list.id}-${index}`;
      option.setAttribute("role", "option");
      option.dataset.value = item.value;
      const name = document.createElement("b");
      name.textContent = item.name;
      const key = document.createElement("code");
      key.textContent = item.key;
      const about = document.createElement("span");
      about.textContent = item.about;
      option.append(name, key, about);
      return option;
    }

    get options() {
      return [...this.list.querySelectorAll("[role=option]")];
    }

    mark(index) {
      this.marked = index;
      this.options.forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
      const option = this.options[index];
      if (option) {
        this.field.setAttribute("aria-activedescendant", option.id);
        option.scrollIntoView({ block: "nearest" });
      } else this.field.removeAttribute("aria-activedescendant");
    }

    key(event) {
      if (this.list.hidden) {
        if (event.key === "ArrowDown" && this.field.tagName !== "TEXTAREA") this.ask();
        return;
      }
      const last = this.options.length - 1;
      if (event.key === "ArrowDown") this.mark(Math.min(this.marked + 1, last));
      else if (event.key === "ArrowUp") this.mark(Math.max(this.marked - 1, -1));
      else if (event.key === "Enter" && this.marked >= 0) this.choose(this.options[this.marked]);
      else if (event.key === "Escape") this.close();
      else return;
      event.preventDefault();
    }

    choose(option) {
      const value = option.dataset.value;
      if (this.field.tagName === "TEXTAREA") {
        const { start, end } = this.line;
        this.field.setRangeText(value, start, end, "end");
      } else this.field.value = value;
      this.close();
      this.field.dispatchEvent(new Event("change", { bubbles: true }));
    }

    close() {
      clearTimeout(this.timer);
      ++this.asked; // an answer that is still coming is not shown
      this.list.hidden = true;
      this.field.setAttribute("aria-expanded", "false");
      this.field.removeAttribute("aria-activedescendant");
    }
  }

  const start = (root) =>
    root.querySelectorAll("[data-choices]:not([role=combobox])").forEach((field) => new Chooser(field));
  document.addEventListener("DOMContentLoaded", () => start(document));
  document.addEventListener("htmx:load", (event) => start(event.target));
})();
