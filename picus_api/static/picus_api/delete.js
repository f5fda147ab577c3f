// The delete lives on the other compute, under a path of its own: ask it, say what it said, and go on to the list.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-delete]");
  if (!button) return;
  const status = button.parentElement.querySelector("[role=status]");
  button.disabled = true;
  try {
    const response = await fetch(button.dataset.delete, { method: "DELETE" });
    const answer = await response.json();
    status.textContent = answer.message || answer.error || `HTTP ${response.status}`;
    if (response.ok) setTimeout(() => window.location.assign(button.dataset.then), 1000);
  } catch (error) {
    status.textContent = `The delete did not go through: ${error.message}`;
  }
  button.disabled = false;
});
