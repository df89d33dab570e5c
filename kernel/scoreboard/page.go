package scoreboard

import (
	"bytes"
	_ "embed"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// paper is one folder of figures.
type paper struct {
	Name    string
	Figures []figure
}

// figure is one picture; paths are relative to the page and empty where the file is missing.
type figure struct{ Name, Title, SVG, PNG, CSV string }

// counted is a line of totals.
type counted struct {
	Name                      string
	Pass, Fail, NotApplicable int
}

// Page is the static page of a figures folder: the pictures by paper and the scoreboard. It needs no other file than the
// pictures, and depends on nothing but the folder's content.
func Page(dir string, rows []Row) ([]byte, error) {
	papers, err := findPapers(dir)
	if err != nil {
		return nil, err
	}
	totals := Sum(rows)
	var b bytes.Buffer
	err = pageTemplate.Execute(&b, map[string]any{
		"Papers": papers, "Columns": Columns, "Rows": rows,
		"All":     lines(map[string]Count{"all": totals.All})[0],
		"Systems": lines(totals.Systems), "Classes": lines(totals.Classes),
	})
	if err != nil {
		return nil, fmt.Errorf("scoreboard: page: %w", err)
	}
	return b.Bytes(), nil
}

func lines(counts map[string]Count) []counted {
	var list []counted
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		c := counts[name]
		list = append(list, counted{name, c[Pass], c[Fail], c[NotApplicable]})
	}
	return list
}

func findPapers(dir string) ([]paper, error) {
	folders, err := os.ReadDir(dir) // sorted
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, errors.Unwrap(err))
	}
	var papers []paper
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		files, err := os.ReadDir(filepath.Join(dir, folder.Name()))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", folder.Name(), errors.Unwrap(err))
		}
		there := map[string]bool{}
		for _, f := range files {
			there[f.Name()] = true
		}
		p := paper{Name: folder.Name()}
		for _, f := range files {
			stem, isPicture := strings.CutSuffix(f.Name(), ".svg")
			if !isPicture {
				continue
			}
			link := func(name string) string {
				if !there[name] {
					return ""
				}
				return path.Join(p.Name, name)
			}
			p.Figures = append(p.Figures, figure{
				Name: stem, Title: title(filepath.Join(dir, p.Name, f.Name())),
				SVG: link(f.Name()), PNG: link(stem + ".png"), CSV: link(stem + ".csv"),
			})
		}
		if len(p.Figures) > 0 {
			papers = append(papers, p)
		}
	}
	return papers, nil
}

// title is the <title> of an SVG file, or "".
func title(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	d := xml.NewDecoder(io.LimitReader(f, 1<<16)) // it stands before the drawing
	for {
		t, err := d.Token()
		if err != nil {
			return ""
		}
		if start, ok := t.(xml.StartElement); ok && start.Name.Local == "title" {
			var text string
			if d.DecodeElement(&text, &start) != nil {
				return ""
			}
			return strings.TrimSpace(text)
		}
	}
}
