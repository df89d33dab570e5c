package notebook

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// The tags of papermill (https://papermill.readthedocs.io): the author tags the cell that declares the defaults, the
// runner adds a cell with the values of this run after it.
const (
	ParametersTag = "parameters"
	InjectedTag   = "injected-parameters"
)

// Parameter is a value given for a run.
type Parameter struct{ Name, Value string }

// ParseParameter reads NAME=VALUE.
func ParseParameter(s string) (Parameter, error) {
	name, value, ok := strings.Cut(s, "=")
	if !ok || !token.IsIdentifier(name) {
		return Parameter{}, fmt.Errorf("parameter %q must be NAME=VALUE with a Go identifier as the name", s)
	}
	return Parameter{name, value}, nil
}

// Inject puts a cell with the parameters after the cell tagged "parameters", in place of one injected before. In GoNB a
// later declaration of a name replaces an earlier one of the same kind, so each parameter is declared again as the var or
// const that it was, of the same type. A string needs no quotes; any other value is a Go expression such as 3*64 or
// []int{1,2}. Without parameters it only takes away a cell injected before.
func (n *Notebook) Inject(parameters []Parameter) error {
	n.Cells = slices.DeleteFunc(n.Cells, func(c *Cell) bool { return c.Type == Code && c.Tagged(InjectedTag) })
	if len(parameters) == 0 {
		return nil
	}
	at := slices.IndexFunc(n.Cells, func(c *Cell) bool { return c.Type == Code && c.Tagged(ParametersTag) })
	if at < 0 {
		return fmt.Errorf("notebook: no cell is tagged %q, so parameter %s has no place", ParametersTag, parameters[0].Name)
	}
	declared, err := declarations(n.Cells[at].Source)
	if err != nil {
		return fmt.Errorf("notebook: cell %d (parameters): %w", at+1, err)
	}
	var source strings.Builder
	source.WriteString("// Parameters of this run\n")
	for i, p := range parameters {
		j := slices.IndexFunc(declared, func(d declaration) bool { return d.name == p.Name })
		if j < 0 {
			return fmt.Errorf("notebook: parameter %s is not declared, must be one of %s", p.Name, names(declared))
		}
		line, err := declared[j].with(p.Value)
		if err != nil {
			return fmt.Errorf("notebook: parameter %s: %w", p.Name, err)
		}
		if i > 0 {
			source.WriteByte('\n')
		}
		source.WriteString(line)
	}
	n.Cells = slices.Insert(n.Cells, at+1, &Cell{
		ID: n.freshID(InjectedTag), Type: Code, Source: source.String(), Metadata: object{"tags": []any{InjectedTag}},
	})
	return nil
}

func (n *Notebook) freshID(wish string) string {
	id := wish
	for i := 2; slices.ContainsFunc(n.Cells, func(c *Cell) bool { return c.ID == id }); i++ {
		id = wish + "-" + strconv.Itoa(i)
	}
	return id
}

// declaration is one name that the parameters cell declares.
type declaration struct {
	kind      token.Token // token.VAR or token.CONST
	name      string
	written   string // the type as it is written, or ""
	basic     string // string, int, float64, bool, rune, or "" when the type is another
	withTuple bool   // declared together with others by one call
}

// with is the declaration with another value.
func (d declaration) with(value string) (string, error) {
	if d.withTuple {
		return "", errors.New("is declared together with others by one call and cannot be set alone")
	}
	expression := value
	if d.basic == "string" && !strings.HasPrefix(value, `"`) && !strings.HasPrefix(value, "`") {
		expression = strconv.Quote(value)
	}
	parsed, err := parser.ParseExpr(expression)
	if err != nil {
		return "", fmt.Errorf("value %q is not a Go expression", value)
	}
	if got := basicType(parsed); d.basic != "" && got != "" && got != d.basic && !(d.basic == "float64" && got == "int") {
		return "", fmt.Errorf("value %q is %s, must be %s", value, got, d.basic)
	}
	kind := d.written
	if kind == "" && d.kind == token.VAR && d.basic != "" {
		kind = d.basic
	}
	if kind != "" {
		kind = " " + kind
	}
	return fmt.Sprintf("%s %s%s = %s", d.kind, d.name, kind, expression), nil
}

// declarations lists the names that a cell declares at its top level. Lines of GoNB's own commands are left out, and so is
// what follows %%, which is the body of a main function.
func declarations(source string) ([]declaration, error) {
	lines := strings.Split(source, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "%%") || strings.HasPrefix(line, "%main") {
			lines = lines[:i]
			break
		}
		if strings.HasPrefix(line, "%") || strings.HasPrefix(line, "!") {
			lines[i] = ""
		}
	}
	text := "package p;" + strings.Join(lines, "\n")
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "", text, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("is not Go: %w", err)
	}
	var found []declaration
	for _, d := range file.Decls {
		group, ok := d.(*ast.GenDecl)
		if !ok || group.Tok != token.VAR && group.Tok != token.CONST {
			continue
		}
		for _, s := range group.Specs {
			spec := s.(*ast.ValueSpec)
			for i, name := range spec.Names {
				v := declaration{kind: group.Tok, name: name.Name, withTuple: len(spec.Values) == 1 && len(spec.Names) > 1}
				if spec.Type != nil {
					v.written = text[set.Position(spec.Type.Pos()).Offset:set.Position(spec.Type.End()).Offset]
					v.basic = basicName(v.written)
				} else if i < len(spec.Values) {
					v.basic = basicType(spec.Values[i])
				}
				found = append(found, v)
			}
		}
	}
	return found, nil
}

// basicType is the default type of an expression that is a literal, or "".
func basicType(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		return map[token.Token]string{token.INT: "int", token.FLOAT: "float64", token.STRING: "string", token.CHAR: "rune"}[e.Kind]
	case *ast.Ident:
		if e.Name == "true" || e.Name == "false" {
			return "bool"
		}
	case *ast.UnaryExpr:
		if e.Op == token.SUB || e.Op == token.ADD {
			return basicType(e.X)
		}
	case *ast.ParenExpr:
		return basicType(e.X)
	}
	return ""
}

// basicName maps a written type to the kind of literal that fits it.
func basicName(written string) string {
	switch {
	case written == "string" || written == "bool" || written == "rune":
		return written
	case strings.HasPrefix(written, "int"), strings.HasPrefix(written, "uint"), written == "byte":
		return "int"
	case strings.HasPrefix(written, "float"):
		return "float64"
	}
	return ""
}

func names(declared []declaration) string {
	if len(declared) == 0 {
		return "none (the parameters cell declares nothing)"
	}
	list := make([]string, len(declared))
	for i, d := range declared {
		list[i] = d.name
	}
	return strings.Join(list, ", ")
}
