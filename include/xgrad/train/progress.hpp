// How far the training is: one line that rewrites itself on a terminal, plain lines elsewhere.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/train/named_value.hpp>
#include <xgrad/train/progress_line.hpp>
#include <xgrad/train/terminal.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

namespace xgrad::inline XGRAD_ABI::train {

struct progress_options {
    std::size_t epochs = 1;
    std::size_t samples = 0;        ///< in one epoch; 0: unknown
    const char* unit = "images";    ///< what a sample is, in the plural
    std::FILE* out = stdout;        ///< null: nowhere
};

/// Shows metrics, speed and time left while a model learns:
///
///     auto progress = train::progress{{.epochs = 5, .samples = 60000}};
///     for (...) {
///         progress.begin_epoch();
///         for (...) progress.step(batch_size, {{"loss", loss.item()}, {"accuracy", train::accuracy(out, y)}});
///         progress.end_epoch();
///     }
///
/// Metrics are means over the samples of the epoch so far. On a terminal a line with a bar is drawn again at most
/// ten times a second, without any escape code; into a file or a pipe goes one line for each epoch.
class progress {
public:
    explicit progress(progress_options options)
        : m_out{options.out}, m_live{options.out != nullptr && is_terminal(options.out)} {
        m_state.epochs = options.epochs;
        m_state.samples = options.samples;
        m_state.unit = options.unit;
    }
    /// Leaves what is printed next a line of its own: an error in the middle of an epoch.
    ~progress() {
        if (m_shown != 0) print("\n");
    }
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;

    /// From here to `end_epoch` the clock runs.
    XGRAD_ON_DEMAND void begin_epoch() {
        ++m_state.epoch;
        m_state.before += m_state.done;
        m_state.done = 0;
        for (auto& each : m_state.metrics) each.sum = 0, each.samples = 0;
        m_seconds_before = m_state.seconds;
        m_begin = m_drawn = clock::now();
    }
    /// The same, of epoch number `epoch`, from 0 on: of a run that goes on after others.
    XGRAD_ON_DEMAND void begin_epoch(std::size_t epoch) {
        m_state.epoch = epoch;
        begin_epoch();
    }

    /// A batch of that many samples is done; each metric is its mean over the batch.
    XGRAD_ON_DEMAND void step(std::size_t samples, const named_values& metrics) {
        for (const auto& [name, value] : metrics) add(name, samples == 0 ? 0 : value * static_cast<double>(samples), samples);
        m_state.done += samples;
        draw();
    }
    /// The same of a classifier: `loss` is the batch's mean loss, `correct` how many were recognised.
    XGRAD_ON_DEMAND void step(std::size_t samples, double loss, std::size_t correct) {
        add("loss", samples == 0 ? 0 : loss * static_cast<double>(samples), samples);
        add("accuracy", static_cast<double>(correct), samples);
        m_state.done += samples;
        draw();
    }

    XGRAD_ON_DEMAND void end_epoch() {
        take_time();
        show(detail::epoch_line(m_state, m_state.seconds - m_seconds_before));
        print("\n");
        m_shown = 0;
    }

    /// The mean of a metric in the current or last epoch; NaN of one that there is not.
    double mean(std::string_view name) const { return m_state.mean(name); }
    double loss() const { return mean("loss"); }
    double accuracy() const { return mean("accuracy"); }

private:
    using clock = std::chrono::steady_clock;

    XGRAD_ON_DEMAND void add(const std::string& name, double sum, std::size_t samples) {
        const auto named = [&](const auto& each) { return each.name == name; };
        auto found = std::find_if(m_state.metrics.begin(), m_state.metrics.end(), named);
        if (found == m_state.metrics.end()) found = m_state.metrics.insert(found, {.name = name});
        found->sum += sum;
        found->samples += samples;
    }

    XGRAD_ON_DEMAND void draw() {
        const auto now = clock::now();
        if (!m_live || now - m_drawn < std::chrono::milliseconds{100}) return;
        m_drawn = now;
        take_time();
        show(detail::progress_line(m_state, terminal_width(m_out) - 1));   // the last column would wrap
    }

    XGRAD_ON_DEMAND void take_time() {
        m_state.seconds = m_seconds_before + std::chrono::duration<double>(clock::now() - m_begin).count();
    }

    /// Writes `line` over the last one, of which blanks remove the rest.
    XGRAD_ON_DEMAND void show(std::string line) {
        const auto length = line.size();
        if (m_live) {
            if (length < m_shown) line.append(m_shown - length, ' ');
            m_shown = length;
        }
        print(m_live ? std::string{'\r'} + line : line);
    }

    XGRAD_ON_DEMAND void print(const std::string& text) {
        if (m_out == nullptr) return;
        std::fwrite(text.data(), 1, text.size(), m_out);
        std::fflush(m_out);
    }

    std::FILE* m_out;
    bool m_live;
    std::size_t m_shown = 0;   // the length of the line that stands on the terminal
    detail::progress_state m_state;
    double m_seconds_before = 0;
    clock::time_point m_begin{}, m_drawn{};
};

}  // namespace xgrad::train
