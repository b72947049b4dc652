package main

import (
	"context"
	"fmt"

	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// fluxEvaluators are Flux's own, as its kustomize-controller makes them of spec.healthCheckExprs.
func fluxEvaluators(
	checks map[string]kustomize.HealthCheckExpressions,
) (map[string]*cel.StatusEvaluator, error) {
	evaluators := map[string]*cel.StatusEvaluator{}
	for name, expressions := range checks {
		evaluator, err := cel.NewStatusEvaluator(&expressions)
		if err != nil {
			return nil, fmt.Errorf("Flux refuses the expressions %s: %w", name, err)
		}
		evaluators[name] = evaluator
	}
	return evaluators, nil
}

func fluxHealth(
	ctx context.Context,
	object *unstructured.Unstructured,
	evaluators map[string]*cel.StatusEvaluator,
) map[string]judgement {
	judgements := map[string]judgement{}
	for name, evaluator := range evaluators {
		result, err := evaluator.Evaluate(ctx, object)
		if err != nil {
			judgements[name] = judgement{Error: err.Error()}
			continue
		}
		judgements[name] = judgement{Status: result.Status.String(), Message: result.Message}
	}
	return judgements
}

func kstatusOf(object *unstructured.Unstructured) judgement {
	result, err := status.Compute(object)
	if err != nil {
		return judgement{Error: err.Error()}
	}
	return judgement{Status: result.Status.String(), Message: result.Message}
}
