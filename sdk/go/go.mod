module github.com/panal/panal/sdk/go

go 1.26.0

require (
	github.com/google/go-cmp v0.7.0
	github.com/google/uuid v1.6.0
	github.com/oapi-codegen/nullable v1.1.0
	github.com/panal/panal/sdk/generated/go v0.0.0
	github.com/shopspring/decimal v1.6.0
)

require (
	github.com/apapsch/go-jsonmerge/v2 v2.0.0 // indirect
	github.com/oapi-codegen/runtime v1.8.0 // indirect
)

replace github.com/panal/panal/sdk/generated/go => ../generated/go
