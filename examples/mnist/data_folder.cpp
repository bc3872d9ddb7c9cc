#include "data_folder.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <vector>

namespace {

std::string environment(const char* name) {
    const auto* const value = std::getenv(name);
    return value == nullptr ? "" : value;
}

// The library says what is wrong with files that are broken, or when one of the four is missing.
bool has_files(const std::string& folder) {
    auto ignored = std::error_code{};
    for (const auto* const name : {"train-images-idx3-ubyte", "train-images.idx3-ubyte", "t10k-images-idx3-ubyte"})
        if (std::filesystem::exists(std::filesystem::path{folder} / name, ignored)) return true;
    return false;
}

}  // namespace

std::string find_data_folder(const options& chosen) {
    auto folders = std::vector<std::string>{};
    if (!chosen.data.empty()) folders.push_back(chosen.data);
    else {
        const auto name = std::string{chosen.fashion ? "fashion-mnist" : "mnist"};
        folders.push_back(environment(chosen.fashion ? "XGRAD_FASHION_MNIST_DIR" : "XGRAD_MNIST_DIR"));
        if (const auto cache = environment("XDG_CACHE_HOME"); !cache.empty())
            folders.push_back(cache + "/xgrad/" + name);
        else if (const auto home = environment("HOME"); !home.empty())
            folders.push_back(home + "/.cache/xgrad/" + name);
    }
    std::erase(folders, "");
    auto looked_in = std::string{};
    for (const auto& folder : folders) {
        if (has_files(folder)) return folder;
        looked_in += (looked_in.empty() ? " in " : ", nor in ") + folder;
    }
    throw std::runtime_error{"there are no files of " + std::string{chosen.fashion ? "Fashion-MNIST" : "MNIST"} +
                             looked_in + "; `sh examples/mnist/run.sh" + (chosen.fashion ? " --dataset fashion" : "") +
                             "` gets them"};
}
