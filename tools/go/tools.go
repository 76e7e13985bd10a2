//go:build tools

// Package tools names the programs, so that their modules are pinned.
package tools

import _ "github.com/summerwind/h2spec/cmd/h2spec"
