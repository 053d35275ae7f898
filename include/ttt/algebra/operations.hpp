// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/activations.hpp>
#include <ttt/algebra/operations/add.hpp>
#include <ttt/algebra/operations/attend.hpp>
#include <ttt/algebra/operations/convolve.hpp>
#include <ttt/algebra/operations/cross_entropy.hpp>
#include <ttt/algebra/operations/detach.hpp>
#include <ttt/algebra/operations/embed.hpp>
#include <ttt/algebra/operations/excess_retention.hpp>
#include <ttt/algebra/operations/head_surprisal.hpp>
#include <ttt/algebra/operations/heads.hpp>
#include <ttt/algebra/operations/layer_norm.hpp>
#include <ttt/algebra/operations/log_sum_exp.hpp>
#include <ttt/algebra/operations/masked_softmax.hpp>
#include <ttt/algebra/operations/matmul.hpp>
#include <ttt/algebra/operations/negative_log.hpp>
#include <ttt/algebra/operations/rms_norm.hpp>
#include <ttt/algebra/operations/rotate.hpp>
#include <ttt/algebra/operations/rows.hpp>
