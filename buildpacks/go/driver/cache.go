package main

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// The compiler's cache of a run is a folder of links to the files of earlier steps, which are read-only here: what the
// environment has of the standard library, and what the project's own build made. New files stay in the run.
func projectCache() string { return os.Getenv("RFSN_GO_PROJECT") + "/cache" }

func newWork() string {
	work, err := os.MkdirTemp("", "rfsn-go-")
	if err != nil {
		stop(codeBroken, err.Error())
	}
	scratch = work
	cache := filepath.Join(work, "cache")
	for _, source := range []string{os.Getenv("RFSN_GO_ENV") + "/cache", projectCache()} {
		link(source, cache)
	}
	os.MkdirAll(filepath.Join(work, "tmp"), 0o755)
	os.Mkdir(cache, 0o755)
	// Without a date, go would look for old files now, and remove links to them.
	os.WriteFile(filepath.Join(cache, "trim.txt"), []byte(strconv.FormatInt(time.Now().Unix(), 10)), 0o644)
	os.Setenv("GOCACHE", cache)
	os.Setenv("GOTMPDIR", filepath.Join(work, "tmp"))
	return work
}

func link(source, cache string) {
	folders, _ := os.ReadDir(source)
	for _, folder := range folders {
		if !folder.IsDir() || len(folder.Name()) != 2 {
			continue
		}
		os.MkdirAll(filepath.Join(cache, folder.Name()), 0o755)
		files, _ := os.ReadDir(filepath.Join(source, folder.Name()))
		for _, file := range files {
			name := filepath.Join(folder.Name(), file.Name())
			os.Symlink(filepath.Join(source, name), filepath.Join(cache, name))
		}
	}
}

// keepNew copies the files of the compiler's cache that are no links.
func keepNew(work, to string) error {
	from := filepath.Join(work, "cache")
	return filepath.WalkDir(from, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, path[len(from):])
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		return copyFile(path, target)
	})
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm()|0o200)
	if err != nil {
		return err
	}
	if _, err = io.Copy(target, source); err != nil {
		target.Close()
		return err
	}
	return target.Close()
}
