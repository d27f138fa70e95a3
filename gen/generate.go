// Package gen is the contract as Go: the models, Echo interface, strict handlers
// and the document itself, all made from openapi.yaml by oapi-codegen, and the
// digest that tells whether that was the openapi.yaml at hand.
package gen

//go:generate go tool oapi-codegen -config ../oapi-codegen.yaml ../openapi.yaml
//go:generate go run ./digest
