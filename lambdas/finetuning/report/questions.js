// Sorts and filters the questions. It only reads data attributes and text, moves rows and hides them: no markup is made.
"use strict";
const table = document.querySelector("#questions table.answers");
if (table) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const buttons = [...table.querySelectorAll("button[data-sort]")];
  const count = document.getElementById("shown-count");
  const [text, topic, language, change] = ["text", "topic", "language", "change"].map(
    (key) => document.getElementById("filter-" + key));
  const plain = (written) => written.normalize("NFKC").toLowerCase();
  const searched = new Map(rows.map((row) => [row, plain(row.textContent)]));

  const filter = () => {
    const wanted = plain(text.value.trim());
    const fits = (select, value) => select.value === "" || select.value === value;
    for (const row of rows) {
      row.hidden = !(searched.get(row).includes(wanted) && fits(topic, row.dataset.topic) &&
        fits(language, row.dataset.language) && fits(change, row.dataset.change));
    }
    const shown = rows.filter((row) => !row.hidden).length;
    count.textContent = count.dataset.template.replace("{shown}", shown).replace("{all}", rows.length);
  };

  const order = (key) => key === "topic"
    ? (one, other) => one.dataset.topic.localeCompare(other.dataset.topic, document.documentElement.lang)
    : (one, other) => Number(one.dataset[key]) - Number(other.dataset[key]);

  const sort = (button) => {
    const key = button.dataset.sort;
    const head = button.closest("th");
    const direction = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    const compare = order(key);
    // Rows without a value stay last, whichever the direction; equal ones in the order of the questions.
    const valued = rows.filter((row) => row.dataset[key] !== undefined);
    valued.sort((one, other) => (direction === "ascending" ? 1 : -1) * compare(one, other));
    for (const other of buttons) other.closest("th").removeAttribute("aria-sort");
    head.setAttribute("aria-sort", direction);
    body.append(...valued, ...rows.filter((row) => row.dataset[key] === undefined));
  };

  for (const button of buttons) {
    button.disabled = false;
    button.addEventListener("click", () => sort(button));
  }
  for (const control of [text, topic, language, change]) control.addEventListener("input", filter);
  const form = text.form;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  // A browser that goes back to the page keeps what was typed.
  filter();
}
