"use strict";

const code = (words) => words.map((word) => `\`${word}\``).join(", ");

// readable is the contract as this server gives it, changed where what serves
// generators would mislead a reader.
function readable(contract) {
  const { parameters, responses, securitySchemes } = contract.components;
  const resolve = (node) => node.$ref ? node.$ref.slice(2).split("/").reduce((parent, name) => parent[name], contract) : node;
  const items = Object.values(contract.paths);
  const operations = items.flatMap((item) => ["get", "put", "post", "patch", "delete"].flatMap((method) => item[method] ?? []));

  const firstUse = (tag) => operations.findIndex((operation) => operation.tags.includes(tag.name));
  contract.tags.sort((a, b) => firstUse(a) - firstUse(b));

  // Below a prefix that a proxy takes off, the API is beside this page, not at the root.
  for (const server of contract.servers) {
    if (server.url.startsWith("/")) server.url = new URL(".." + server.url, location).pathname;
  }

  // Examples of parameters would be filled in and sent: all filters of a list at once,
  // an idempotency key that was used before, an ETag that nothing has.
  const declared = [...items, ...operations].flatMap((owner) => owner.parameters ?? []);
  for (const parameter of new Set([...declared.map(resolve), ...Object.values(parameters)])) {
    const { example, ...schema } = resolve(parameter.schema);
    const shown = parameter.example ?? example;
    parameter.schema = schema;
    delete parameter.example;
    if (shown !== undefined && shown !== schema.default) parameter.description = `${parameter.description.trimEnd()} Example: ${code([shown])}`;
  }

  for (const response of new Set([...operations.flatMap((operation) => Object.values(operation.responses)).map(resolve), ...Object.values(responses)])) {
    const codes = response["x-error-codes"];
    if (codes) response.description = `${response.description.trimEnd()} ${code(codes)}`;
  }

  // An OAuth2 scheme only names scopes. Nobody can log in with it: the key is all there is.
  const scopeSchemes = Object.keys(securitySchemes).filter((name) => securitySchemes[name].type === "oauth2");
  for (const operation of operations) {
    const alternatives = operation.security ?? [];
    const scopes = alternatives.flatMap((alternative) => scopeSchemes.flatMap((name) => alternative[name] ?? []));
    operation.security = alternatives.filter((alternative) => !scopeSchemes.some((name) => name in alternative));
    if (scopes.length > 0) operation.description = `${operation.description.trimEnd()}\n\nScope of the key: ${code(scopes)}`;
  }
  for (const name of scopeSchemes) delete securitySchemes[name];
  return contract;
}

// The browser would offer what was typed into the key's field the next time.
const forgetful = (Input, { React }) => (props) =>
  React.createElement(Input, props.id === "auth-bearer-value" ? { ...props, autoComplete: "off", spellCheck: false } : props);

// Every operation can refuse a request in a dozen ways. Each is one line until it is
// opened, or nobody would find the end of an operation.
const folded = (Response, { React, getComponent }) => function Folded(props) {
  const [open, setOpen] = React.useState(Number(props.code) < 400);
  if (open) return React.createElement(Response, props);
  const text = React.createElement(getComponent("Markdown", true), { source: props.response.get("description") });
  const button = React.createElement("button", { className: "refusal", type: "button", "aria-expanded": false, onClick: () => setOpen(true) }, text);
  return React.createElement("tr", { className: "response folded" },
    React.createElement("td", { className: "response-col_status" }, props.code),
    React.createElement("td", { className: "response-col_description", colSpan: 2 }, button));
};

SwaggerUIBundle({
  url: "../openapi.yaml",
  domNode: document.getElementById("reference"),
  deepLinking: true,
  defaultModelExpandDepth: 2,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
  plugins: [{
    statePlugins: { spec: { wrapActions: { updateJsonSpec: (update) => (contract) => update(readable(contract)) } } },
    wrapComponents: { Input: forgetful, response: folded },
  }],
});
