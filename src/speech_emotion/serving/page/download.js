// Saving answers as files; they are made in the page.

export function saveJson(name, value) {
  save(name, "application/json", JSON.stringify(value, null, 2) + "\n");
}

// Rows are objects; a column for each name that any of them has, in the order of `first` and then as they come.
export function saveCsv(name, rows, first) {
  const columns = [...new Set([...first, ...rows.flatMap(Object.keys)])];
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  save(name, "text/csv", lines.map((line) => line.map(cell).join(",")).join("\r\n") + "\r\n");
}

// An answer's values as a row: a column for each emotion.
export function row({scores = [], ...values}) {
  return {...values, ...Object.fromEntries(scores.map(({label, score}) => [label, score]))};
}

function cell(value) {
  let text = String(value ?? "");
  if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`; // a spreadsheet would run it
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], {type}));
  const link = Object.assign(document.createElement("a"), {href: url, download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
