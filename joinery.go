// Package joinery holds nothing but the tests of the whole: that imports follow
// the architecture, and that the documents are true. ARCHITECTURE.md is where
// to begin.
package joinery
