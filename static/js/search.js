// The search at the top of every page: "/" goes to it, and what it finds is offered while typing, by
// kind, as a combobox. Without script, or on Enter with nothing chosen, it is a form like any other.
(() => {
  "use strict";
  const WAIT = 160; // ms between a keystroke and the question
  const LEAST = 2; // letters

  class Search {
    constructor(field) {
      this.field = field;
      this.asked = 0;
      this.list = document.createElement("div");
      this.list.id = "vr-found";
      this.list.className = "vr-found";
      this.list.setAttribute("role", "listbox");
      this.list.setAttribute("aria-label", "Found");
      this.list.hidden = true;
      field.parentNode.append(this.list);
      field.setAttribute("role", "combobox");
      field.setAttribute("aria-expanded", "false");
      field.setAttribute("aria-controls", this.list.id);
      field.setAttribute("aria-autocomplete", "list");
      field.addEventListener("input", () => this.later());
      field.addEventListener("focus", () => this.field.value && this.later());
      field.addEventListener("blur", () => this.close());
      field.addEventListener("keydown", (event) => this.key(event));
      this.list.addEventListener("mousedown", (event) => event.preventDefault()); // keep the focus
      this.list.addEventListener("click", (event) => {
        const option = event.target.closest("[role=option]");
        if (option) location.assign(option.dataset.url);
      });
    }

    later() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.ask(), WAIT);
    }

    async ask() {
      const number = ++this.asked;
      const typed = this.field.value.trim();
      if (typed.length < LEAST) return this.close();
      const address = new URL(this.field.dataset.search, location.href);
      address.searchParams.set("q", typed);
      let answer;
      try {
        const response = await fetch(address, { headers: { Accept: "application/json" } });
        if (!response.ok) return;
        answer = await response.json();
      } catch {
        return; // no connection: Enter still asks for the page
      }
      if (number === this.asked && document.activeElement === this.field) this.show(answer, typed);
    }

    show({ groups, all }, typed) {
      const found = groups.filter((group) => group.hits.length);
      this.list.replaceChildren(...found.map((group, index) => this.group(group, index)));
      const every = new URL(all, location.href);
      every.searchParams.set("q", typed);
      const last = this.option({ title: `Search everything for “${typed}”`, key: "", about: "", url: every.pathname + every.search });
      last.classList.add("is-all");
      this.list.append(last);
      this.options.forEach((option, index) => { option.id = `${this.list.id}-${index}`; });
      this.list.hidden = false;
      this.field.setAttribute("aria-expanded", "true");
      this.mark(-1);
    }

    group({ kind, hits }, index) {
      const group = document.createElement("div");
      group.setAttribute("role", "group");
      const head = document.createElement("div");
      head.id = `${this.list.id}-kind-${index}`;
      head.className = "vr-found-kind";
      head.textContent = kind;
      group.setAttribute("aria-labelledby", head.id);
      group.append(head, ...hits.map((hit) => this.option(hit)));
      return group;
    }

    option({ title, key, about, url }) {
      const option = document.createElement("div");
      option.setAttribute("role", "option");
      option.dataset.url = url;
      for (const [tag, text] of [["b", title], ["code", key === title ? "" : key], ["span", about]]) {
        if (!text) continue;
        const part = document.createElement(tag);
        part.textContent = text;
        option.append(part);
      }
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
      if (event.key === "Escape") {
        if (this.list.hidden) return this.field.blur();
        event.preventDefault(); // the browser would empty the field; what was typed stays
        return this.close();
      }
      if (this.list.hidden) {
        if (event.key === "ArrowDown") this.ask();
        return;
      }
      const last = this.options.length - 1;
      if (event.key === "ArrowDown") this.mark(Math.min(this.marked + 1, last));
      else if (event.key === "ArrowUp") this.mark(Math.max(this.marked - 1, -1));
      else if (event.key === "Enter" && this.marked >= 0) location.assign(this.options[this.marked].dataset.url);
      else return;
      event.preventDefault();
    }

    close() {
      clearTimeout(this.timer);
      ++this.asked; // an answer that is still coming is not shown
      this.list.hidden = true;
      this.field.setAttribute("aria-expanded", "false");
      this.field.removeAttribute("aria-activedescendant");
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    const field = document.querySelector("[data-search]");
    if (!field) return;
    new Search(field);
    document.addEventListener("keydown", (event) => {
      const inField = event.target.closest?.("input, textarea, select, [contenteditable]");
      if (event.key !== "/" || inField || event.ctrlKey || event.metaKey || event.altKey) return;
      if (!field.offsetParent) return; // on a phone the box is not shown
      event.preventDefault();
      field.focus();
      field.select();
    });
  });
})();
