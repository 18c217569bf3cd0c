// SPDX-License-Identifier: Apache-2.0
#include "planner_service/model/model_config.h"

namespace recurve {

void VisitFields(ModelConfig& model, FieldVisitor& visitor) {
  visitor.Enum({"cell", "recurrent layer"}, kCellNames, model.cell);
  visitor.Count({"layers", "recurrent layers"}, {1, kMaxLayers}, model.layers);
  visitor.Count({"hidden", "hidden size of a layer"}, {1, kMaxWidth}, model.hidden);
  visitor.Count({"embedding", "size of the embedding; 0: as --hidden"}, {0, kMaxWidth}, model.embedding);
  visitor.Flag({"residual", "layers above the first add their input to their output"}, model.residual);
  visitor.Flag({"layer_norm", "layer norm before each layer above the first and before the output layer"},
               model.layer_norm);
  visitor.Real({.name = "dropout", .help = "between layers and before the output layer", .notation = Notation::kShare},
               kRate, model.dropout);
  visitor.Real({.name = "recurrent_dropout",
                .help = "of the state in the recurrent product, one mask for the whole sequence",
                .notation = Notation::kShare},
               kRate, model.recurrent_dropout);
}

}  // namespace recurve
