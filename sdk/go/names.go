// Command go prints what a generated client is made of for programmers: its types,
// constants and operations. Its test is the client's story.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log"
	"os"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run . FILE")
	}
	file, err := parser.ParseFile(token.NewFileSet(), os.Args[1], nil, parser.SkipObjectResolution)
	if err != nil {
		log.Fatal(err)
	}
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				printSpec(spec)
			}
		case *ast.FuncDecl:
			if d.Recv != nil && receiver(d) == "ClientWithResponses" {
				fmt.Println("operation", d.Name)
			}
		}
	}
}

func printSpec(spec ast.Spec) {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		// The hundreds of headers, one for each operation and status, say nothing new.
		if s.Name.IsExported() && !strings.HasSuffix(s.Name.Name, "Headers") {
			fmt.Println("type", s.Name)
		}
	case *ast.ValueSpec:
		for _, name := range s.Names {
			if name.IsExported() {
				fmt.Println("constant", name)
			}
		}
	}
}

func receiver(f *ast.FuncDecl) string {
	typ := f.Recv.List[0].Type
	if pointer, ok := typ.(*ast.StarExpr); ok {
		typ = pointer.X
	}
	name, ok := typ.(*ast.Ident)
	if !ok {
		return ""
	}
	return name.Name
}
