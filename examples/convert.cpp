// SPDX-License-Identifier: Apache-2.0
//
// Makes a model file of parameters that another implementation has written as safetensors: one
// file, several, or the index of several. Says what is missing, left over or of another shape.
//
//   convert --list
//   convert --model ttt_linear_mamba_760m --file model.safetensors --out ttt_linear.safetensors
//   convert --model mistral_7b --file model.safetensors.index.json --dtype bfloat16 --dry-run
//
// smoke: --list

#include <ttt/file/safetensors.hpp>

#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "convert/model_file.hpp"
#include "support/program.hpp"
#include "support/shards.hpp"

namespace {

using namespace ttt;

struct Settings {
  std::string model;
  std::string from;  // the usual one of the model if empty
  std::vector<std::string> file;
  std::string out;
  std::string dtype = "float32";
  std::string prefix;
  std::vector<std::string> ignore;
  bool overwrite = false;
  bool list = false;
  bool dry_run = false;
};

file::DType dtype_of(const Settings& settings) {
  if (settings.dtype == "float32") return file::DType::f32;
  if (settings.dtype == "bfloat16") return file::DType::bf16;
  throw RangeError("--dtype must be float32 or bfloat16, got " + settings.dtype);
}

support::Report list() {
  std::vector<std::string_view> names;
  names.reserve(converting::targets.size());
  std::cout << "models, and the families of their files:\n";
  for (const auto& target : converting::targets) {
    std::cout << "  " << target.name << "  " << target.family << '\n';
    names.push_back(target.name);
  }
  std::cout << "families:\n";
  for (const auto& family : foreign::families) {
    std::cout << "  " << family.name << "  " << family.files << '\n';
  }
  support::Report report;
  return report.set("models", names);
}

support::Report convert(const Settings& settings) {
  if (settings.list) return list();
  const auto& target = converting::named("--model", converting::targets, settings.model);
  const auto& family = converting::named("--from", foreign::families,
                                         settings.from.empty() ? target.family : settings.from);
  const file::DType dtype = dtype_of(settings);
  if (settings.out.empty() && !settings.dry_run) {
    throw RangeError("--out must name the model file, or --dry-run say that none is written");
  }
  if (!settings.out.empty() && !settings.overwrite && std::filesystem::exists(settings.out)) {
    throw FileError("--out: " + settings.out + " is there; --overwrite replaces it");
  }
  const auto tensors = target.tensors(family.names, settings.prefix);
  const file::Archive theirs = support::read_shards("--file", settings.file);
  if (settings.dry_run) std::cout << converting::plan(theirs, tensors);
  file::expect_foreign(theirs, tensors, settings.ignore);

  Index parameters = 0;
  for (const auto& tensor : tensors) parameters += tensor.rows * tensor.cols;
  support::Report report;
  report.set("model", target.name)
      .set("family", family.name)
      .set("spec", target.spec())
      .set("tensors", tensors.size())
      .set("parameters", parameters)
      .set("dtype", settings.dtype);
  if (settings.dry_run) return report;
  file::write(settings.out, converting::model_file(target, family.name, theirs, tensors, dtype));
  std::cout << settings.out << ": " << target.name << ", " << tensors.size() << " tensors, "
            << parameters << " parameters\n";
  return report;
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  support::Program program("convert", "Makes a model file of parameters of another implementation");
  program.option("--model", s.model, "of those of --list")
      .option("--from", s.from, "the family of the files; the model's usual one if empty")
      .option("--file", s.file, "safetensors files, or the index of several")
      .output("--out", s.out, "the model file")
      .option("--dtype", s.dtype, "of the model file: float32 or bfloat16")
      .option("--prefix", s.prefix, "with which all names in the files begin")
      .option("--ignore", s.ignore, "parts of the names of tensors that may be left over")
      .option("--overwrite", s.overwrite, "replace a model file that is there")
      .option("--dry-run", s.dry_run, "only say what would be read, and as what")
      .option("--list", s.list, "only say which models and families there are");
  return program.run(argc, argv, [&] { return convert(s); });
}
