// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations.hpp>
#include <ttt/algebra/tree.hpp>
#include <ttt/cpu/keep_freed_memory.hpp>
#include <ttt/cpu/matrix.hpp>
#include <ttt/data/batches.hpp>
#include <ttt/data/bytes.hpp>
#include <ttt/data/files.hpp>
#include <ttt/error.hpp>
#include <ttt/file/safetensors.hpp>
#include <ttt/layer/block.hpp>
#include <ttt/layer/causal_conv.hpp>
#include <ttt/learn/adjoint.hpp>
#include <ttt/learn/checkpoint.hpp>
#include <ttt/learn/gradient.hpp>
#include <ttt/learn/trainer.hpp>
#include <ttt/measure/bootstrap.hpp>
#include <ttt/measure/loss_by_position.hpp>
#include <ttt/measure/proportion.hpp>
#include <ttt/memory/cache.hpp>
#include <ttt/memory/cache_schedule.hpp>
#include <ttt/memory/cached_window.hpp>
#include <ttt/memory/inner.hpp>
#include <ttt/memory/published.hpp>
#include <ttt/model/dynamic_evaluation.hpp>
#include <ttt/model/language_model.hpp>
#include <ttt/model/memory_file.hpp>
#include <ttt/model/params_file.hpp>
#include <ttt/model/sampler.hpp>
#include <ttt/model/session.hpp>
#include <ttt/model/systems.hpp>
#include <ttt/parallel/threads.hpp>
#include <ttt/random.hpp>
#include <ttt/shape.hpp>
#include <ttt/spec/describe.hpp>
#include <ttt/types.hpp>
#include <ttt/version.hpp>

/// Language models that learn while they read, and how to train, run, save and measure them.
namespace ttt {}
