// Swagger UI, with nothing from elsewhere: its validator badge would send the schema's address to another host.
SwaggerUIBundle({
  url: document.getElementById("docs").dataset.schema,
  domNode: document.getElementById("docs"),
  deepLinking: true,
  validatorUrl: null,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
});

// Swagger UI's own dark colours, which it wears when told so.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const dress = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", dress);
dress();
