"use strict";
(() => {
  const table = JSON.parse(document.getElementById("table").textContent);
  const issues = [...document.querySelectorAll(".issue")];
  const count = document.getElementById("count");
  let saved = true;

  const decisionOf = (issue) => issue.elements.decision.value;

  function show(issue) {
    issue.classList.toggle("decided", decisionOf(issue) !== "");
    count.textContent = issues.filter(decisionOf).length;
    saved = false;
  }

  function decide(issue, decision) {
    for (const radio of issue.elements.decision) radio.checked = radio.value === decision;
    show(issue);
  }

  function goTo(issue) {
    if (!issue) return;
    issue.focus({ preventScroll: true });
    issue.scrollIntoView({ block: "nearest" });
  }

  const cell = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

  function csv() {
    const lines = table.map((line) => [...line]);
    for (const issue of issues) {
      const line = lines[Number(issue.dataset.line)];
      const decision = decisionOf(issue);
      line[line.length - 2] = decision;
      line[line.length - 1] = decision === "relabel" ? issue.elements.label.value : "";
    }
    return lines.map((line) => line.map(cell).join(",") + "\r\n").join("");
  }

  document.getElementById("save").addEventListener("click", () => {
    const wrong = issues.find((issue) => decisionOf(issue) === "relabel" && !issue.reportValidity());
    if (wrong) return goTo(wrong);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
    link.download = "review.csv";
    link.click();
    URL.revokeObjectURL(link.href);
    saved = true;
  });

  issues.forEach((issue, i) => {
    issue.addEventListener("submit", (event) => event.preventDefault());
    issue.addEventListener("change", (event) => {
      if (event.target.name === "label") decide(issue, "relabel");
      show(issue);
    });
    issue.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.name === "label") return;
      const decision = { k: "keep", r: "relabel", d: "drop" }[event.key];
      if (decision) decide(issue, decision);
      if (event.key === "u") decide(issue, "");
      if (decision || event.key === "j") goTo(issues[i + 1]);
    });
  });

  addEventListener("beforeunload", (event) => {
    if (!saved) event.preventDefault();
  });
  goTo(issues[0]);
})();
