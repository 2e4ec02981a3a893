// A form that takes a file which is dropped on it, and sends it at once. Without script one chooses
// the file and presses the button.
(() => {
  "use strict";
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");

  document.addEventListener("DOMContentLoaded", () => {
    for (const form of document.querySelectorAll("form[data-drop]")) {
      const field = form.querySelector("input[type=file]");
      const over = (is) => form.classList.toggle("is-over", is);
      form.addEventListener("dragover", (event) => {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        over(true);
      });
      form.addEventListener("dragleave", (event) => {
        if (!form.contains(event.relatedTarget)) over(false);
      });
      form.addEventListener("drop", (event) => {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        over(false);
        field.files = event.dataTransfer.files;
        form.requestSubmit();
      });
    }
  });
})();
