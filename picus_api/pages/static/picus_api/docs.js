// The API's description by Swagger UI, in a layout with one <main>, and with accessible names where it has none.
const place = document.getElementById("docs");

function picusPlugin({ React: { createElement: create } }) {
  const Layout = ({ getComponent, specSelectors }) => {
    if (specSelectors.loadingStatus() === "loading") return create("p", { role: "status" }, "Loading the description…");
    const description = specSelectors.specJson().getIn(["info", "description"]);
    return create(
      "div",
      { className: "swagger-ui" },
      create(getComponent("SvgAssets")),
      create(getComponent("errors", true)),
      create("section", { className: "wrapper" }, create(getComponent("Markdown", true), { source: description })),
      create("section", { className: "wrapper authorization" }, create(getComponent("AuthorizeBtnContainer", true))),
      create("section", { className: "wrapper" }, create("h2", null, "Operations"), create(getComponent("operations", true))),
    );
  };
  // A link inside of a button can't be reached by keyboard.
  const PlainText = ({ text }) => create("span", null, text);
  const named = (Original) => (props) => create(Original, { "aria-label": "Request body", ...props });
  const labelled = (Original) => (props) =>
    create("label", null, create("span", { className: "visually-hidden" }, "Value"), create(Original, props));
  const scrollable = (Original) => (props) => create("div", { className: "scroll", tabIndex: 0 }, create(Original, props));
  const withRegionName = (Original) => (props) => {
    const nameRegions = (element) => {
      for (const region of element?.querySelectorAll("[role=region]") ?? []) {
        region.setAttribute("aria-label", `Responses of ${props.method} ${props.path}`);
      }
    };
    return create("div", { ref: nameRegions }, create(Original, props));
  };
  return {
    components: { PicusLayout: Layout },
    wrapComponents: {
      DeepLink: () => PlainText,
      TextArea: named,
      Select: labelled,
      HighlightCode: scrollable,
      responses: withRegionName,
    },
  };
}

const ui = SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  plugins: [picusPlugin],
  layout: "PicusLayout",
  deepLinking: true,
  // A token is not kept in the browser: it is forgotten when the page is left.
  persistAuthorization: false,
  syntaxHighlight: false,
  // The validator badge would send the address of the description to another host.
  validatorUrl: null,
  displayRequestDuration: true,
  responseInterceptor: (response) => {
    if (response.status === 201 && response.obj?.object_id) fillInKey(response.obj.object_id);
    return response;
  },
});

// Lets the other operations work on the item that was just created.
function fillInKey(key) {
  for (const [path, operations] of ui.specSelectors.specJson().get("paths")) {
    for (const [method, operation] of operations) {
      const parameter = operation.get("parameters")?.find((each) => each.get("name") === "key");
      if (parameter) ui.specActions.changeParamByIdentity([path, method], parameter, key, false);
    }
  }
}

// Swagger UI has dark colours for a root element of this class.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const followColorScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followColorScheme);
followColorScheme();
