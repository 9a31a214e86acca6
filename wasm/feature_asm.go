//go:build js && wasm && !omit_asm

package main

import "latchkey/core/feature/asm"

func init() { features = append(features, asm.Install) }
