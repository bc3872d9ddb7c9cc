// A folder for the files of a test, gone with everything in it at the end of the scope.
#pragma once

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

class temporary_folder {
public:
    temporary_folder() {
        const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
        for (auto i = 0; !std::filesystem::create_directory(m_path); ++i)
            m_path = std::filesystem::temp_directory_path() / ("xgrad-test-" + std::to_string(now + i));
    }
    ~temporary_folder() { std::filesystem::remove_all(m_path); }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;

    std::string path(const std::string& name = "") const { return (m_path / name).string(); }

    std::string write(const std::string& name, const std::string& bytes) const {
        std::ofstream{path(name), std::ios::binary} << bytes;
        return path(name);
    }
    std::string read(const std::string& name) const {
        auto file = std::ifstream{path(name), std::ios::binary};
        return {std::istreambuf_iterator<char>{file}, {}};
    }
    auto count() const { return std::distance(std::filesystem::directory_iterator{m_path}, {}); }

private:
    std::filesystem::path m_path = std::filesystem::temp_directory_path();
};
