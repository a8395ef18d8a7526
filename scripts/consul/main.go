//go:build tools

// Package tools names what go.mod and go.sum hold: scripts/consul.sh builds the agent from there.
package tools

import _ "github.com/hashicorp/consul"
