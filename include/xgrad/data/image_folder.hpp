// Folders of pictures: each folder in it is a class.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/data/pixel.hpp>
#include <xgrad/data/pnm.hpp>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::data {

/// How a picture is read, and which files are pictures, by the ends of their names in lower case.
template <picture_element T>
struct picture_format {
    std::function<tensor<T, 3>(const std::string&)> read;
    std::vector<std::string> extensions;
};

template <picture_element T>
picture_format<T> pnm_format() {
    return {read_pnm<T>, {".pbm", ".pgm", ".ppm", ".pnm"}};
}

/// The pictures FOLDER/CLASS/NAME, read when they are asked for: a sample is (channels, height, width) and the number
/// of its class, in the order of names. `data::transform` brings them to one size, `.pad` fills up a batch.
template <picture_element T = float>
class image_folder {
public:
    /// Throws `io_error` when the folder cannot be read, or has no folder in it.
    XGRAD_COLD explicit image_folder(const std::string& folder, picture_format<T> format = pnm_format<T>())
        : m_read{std::move(format.read)} {
        auto ignored = std::error_code{};   // of a link that leads nowhere
        const auto folders = contents(folder, [&](const auto& entry) { return entry.is_directory(ignored); });
        if (folders.empty()) fail<io_error>("image_folder", folder, " has no folder in it; each one is a class");
        for (const auto& each : folders) {
            const auto is_picture = [&](const auto& entry) {
                auto end = entry.path().extension().string();
                std::transform(end.begin(), end.end(), end.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
                return entry.is_regular_file(ignored) &&
                       std::find(format.extensions.begin(), format.extensions.end(), end) != format.extensions.end();
            };
            for (auto& file : contents(each, is_picture))
                m_files.emplace_back(std::move(file), static_cast<std::int64_t>(m_classes.size()));
            m_classes.push_back(std::filesystem::path{each}.filename().string());
        }
    }

    std::size_t size() const noexcept { return m_files.size(); }
    std::tuple<tensor<T, 3>, std::int64_t> operator[](std::size_t i) const {
        detail::check_sample("image_folder", i, size());
        return {m_read(m_files[i].first), m_files[i].second};
    }

    /// The names of the classes, and the file of a sample.
    const std::vector<std::string>& classes() const noexcept { return m_classes; }
    const std::string& file(std::size_t i) const {
        detail::check_sample("image_folder", i, size());
        return m_files[i].first;
    }

private:
    /// In the order of names, without what is hidden.
    template <class Predicate>
    static std::vector<std::string> contents(const std::string& folder, const Predicate& wanted) {
        auto wrong = std::error_code{};
        auto paths = std::vector<std::string>{};
        for (auto at = std::filesystem::directory_iterator{folder, wrong};
             !wrong && at != std::filesystem::directory_iterator{}; at.increment(wrong))
            if (!at->path().filename().string().starts_with('.') && wanted(*at)) paths.push_back(at->path().string());
        if (wrong) fail<io_error>("image_folder", folder, ": cannot be read: ", wrong.message());
        std::sort(paths.begin(), paths.end());
        return paths;
    }

    std::function<tensor<T, 3>(const std::string&)> m_read;
    std::vector<std::string> m_classes;
    std::vector<std::pair<std::string, std::int64_t>> m_files;
};

}  // namespace xgrad::data
