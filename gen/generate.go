// Package gen is the contract as Go: the models, Echo interface, strict handlers
// and the document itself, all made from openapi.yaml by oapi-codegen.
package gen

//go:generate go tool oapi-codegen -config ../oapi-codegen.yaml ../openapi.yaml
