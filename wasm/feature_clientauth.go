//go:build js && wasm && !omit_clientauth

package main

import "latchkey/core/feature/clientauth"

func init() { features = append(features, clientauth.Install) }
