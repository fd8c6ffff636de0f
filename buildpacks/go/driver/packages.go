package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A pkg is a package that the command of the tests names. Its tests are read from its files, as `go test` does, so that
// no code of the project says which there are.
type pkg struct {
	Dir          string
	ImportPath   string
	Name         string
	GoFiles      []string
	CgoFiles     []string
	TestGoFiles  []string
	XTestGoFiles []string
	Error        *struct{ Err string }

	prefix  string   // of its ids: its folder
	tests   []string // the names of its tests, examples and fuzz tests, in the order in which they run
	hasMain bool     // whether it has a TestMain
	canary  string   // the name of its canary, if one was added
	binary  string   // the path of its test binary, if it has one
	mark    mark     // what the file system says of the binary
	failure string   // why it does not build
}

const listed = "-json=Dir,ImportPath,Name,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,Error"

// packages lists what the patterns name; flags are those that choose files and modules.
func packages(gotool string, flags, patterns []string, root string) ([]*pkg, error) {
	arguments := append(append([]string{"list", "-e", listed}, flags...), patterns...)
	var complaint strings.Builder
	command := exec.Command(gotool, arguments...)
	command.Stderr = &complaint
	output, err := command.Output()
	if err != nil {
		return nil, errors.New(said(complaint.String(), err))
	}
	var found []*pkg
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		one := &pkg{}
		if err := decoder.Decode(one); err == io.EOF {
			return found, nil
		} else if err != nil {
			return nil, err
		}
		if one.Dir == "" && one.Error != nil {
			return nil, errors.New(one.ImportPath + ": " + one.Error.Err)
		}
		folder, err := filepath.Rel(root, one.Dir)
		if err != nil {
			return nil, err
		}
		one.prefix = spelledFolder(folder)
		one.read()
		found = append(found, one)
	}
}

var likeTest = regexp.MustCompile(`^(Test|Example|Fuzz)([^\p{Ll}]|$)|^\[`)

// spelledFolder is how an id begins: a folder whose name is like that of a test has a backslash before it.
func spelledFolder(folder string) string {
	if folder == "." {
		return ""
	}
	parts := strings.Split(filepath.ToSlash(folder), "/")
	for place, part := range parts {
		if likeTest.MatchString(part) {
			parts[place] = `\` + part
		}
	}
	return strings.Join(parts, "/") + "/"
}

func (one *pkg) id(name string) string { return one.prefix + name }

// read finds the tests in the test files; one that does not parse still shows those that can be read.
func (one *pkg) read() {
	for _, names := range [][]string{one.TestGoFiles, one.XTestGoFiles} {
		var files []*ast.File
		fileSet := token.NewFileSet()
		for _, name := range names {
			file, _ := parser.ParseFile(fileSet, filepath.Join(one.Dir, name), nil, parser.ParseComments)
			if file == nil {
				continue
			}
			files = append(files, file)
			for _, declaration := range file.Decls {
				if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil {
					one.add(function)
				}
			}
		}
		for _, file := range files {
			examples := doc.Examples(file)
			sort.Slice(examples, func(i, j int) bool { return examples[i].Order < examples[j].Order })
			for _, example := range examples {
				if example.Output != "" || example.EmptyOutput {
					one.tests = append(one.tests, "Example"+example.Name)
				}
			}
		}
	}
}

func (one *pkg) add(function *ast.FuncDecl) {
	name := function.Name.Name
	switch {
	case name == "TestMain" && takes(function, "M"):
		one.hasMain = true
	case isTest(name, "Test") && takes(function, "T"), isTest(name, "Fuzz") && takes(function, "F"):
		one.tests = append(one.tests, name)
	}
}

func isTest(name, prefix string) bool {
	rest, found := strings.CutPrefix(name, prefix)
	first, _ := utf8.DecodeRuneInString(rest)
	return found && (rest == "" || !unicode.IsLower(first))
}

// takes is whether a function has one parameter, a pointer to a type of this name.
func takes(function *ast.FuncDecl, name string) bool {
	parameters := function.Type.Params.List
	if len(parameters) != 1 || len(parameters[0].Names) > 1 {
		return false
	}
	pointer, ok := parameters[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	switch kind := pointer.X.(type) {
	case *ast.Ident:
		return kind.Name == name
	case *ast.SelectorExpr:
		return kind.Sel.Name == name
	}
	return false
}

// said is the first line of what a program complained about, else the error.
func said(complaint string, err error) string {
	for _, line := range strings.Split(complaint, "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "go: downloading") {
			return line
		}
	}
	return err.Error()
}
