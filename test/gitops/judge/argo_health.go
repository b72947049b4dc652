package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	luajson "layeh.com/gopher-json"
)

var argoStatuses = []string{"Unknown", "Progressing", "Suspended", "Healthy", "Degraded", "Missing"}

// argoHealth runs a health check as Argo CD v3.5.6 does (util/lua/lua.go, and GetResourceHealth of its gitops-engine),
// with its versions of the Lua libraries. It is written anew, since the module of its engine is not to be had.
func argoHealth(object *unstructured.Unstructured, script string) judgement {
	if object.GetDeletionTimestamp() != nil {
		return judgement{Status: "Progressing", Message: "Pending deletion"}
	}
	health, err := runHealthCheck(object, script)
	if err != nil {
		return judgement{Status: "Unknown", Error: err.Error()}
	}
	return health
}

func runHealthCheck(object *unstructured.Unstructured, script string) (judgement, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	if err := openLibraries(state); err != nil {
		return judgement{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state.SetContext(ctx)
	state.SetGlobal("obj", luaValue(state, object.Object))
	if err := state.DoString(script); err != nil {
		return judgement{}, err
	}
	returned := state.Get(-1)
	if returned.Type() != lua.LTTable {
		return judgement{}, fmt.Errorf("expect table output from Lua script, not %s", returned.Type())
	}
	encoded, err := luajson.Encode(returned)
	if err != nil {
		return judgement{}, err
	}
	var health judgement
	if err := json.Unmarshal(encoded, &health); err != nil {
		return judgement{}, err
	}
	if !slices.Contains(argoStatuses, health.Status) {
		return judgement{Status: "Unknown", Message: "Lua returned an invalid health status"}, nil
	}
	return health, nil
}

// openLibraries opens what a check may use unless the administrator allows more: no strings, no mathematics. Argo CD
// opens two functions for time as well, which a health check has no use for.
func openLibraries(state *lua.LState) error {
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{
		{lua.LoadLibName, lua.OpenPackage},
		{lua.BaseLibName, lua.OpenBase},
		{lua.TabLibName, lua.OpenTable},
	} {
		call := lua.P{Fn: state.NewFunction(library.open), Protect: true}
		if err := state.CallByParam(call, lua.LString(library.name)); err != nil {
			return err
		}
	}
	return nil
}

func luaValue(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case string:
		return lua.LString(value)
	case []any:
		table := state.CreateTable(len(value), 0)
		for _, item := range value {
			table.Append(luaValue(state, item))
		}
		return table
	case map[string]any:
		table := state.CreateTable(0, len(value))
		for key, item := range value {
			table.RawSetString(key, luaValue(state, item))
		}
		return table
	default:
		return lua.LNil
	}
}
