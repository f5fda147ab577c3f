// Swagger UI, with nothing from elsewhere: its validator badge would send the schema's address to another host.
SwaggerUIBundle({
  url: document.getElementById("docs").dataset.schema,
  domNode: document.getElementById("docs"),
  deepLinking: true,
  validatorUrl: null,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
});
