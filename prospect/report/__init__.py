"""
Show: figures, QGIS styles and the report of a prospecting job.

Figures are ordinary Matplotlib figures made without pyplot, so that they work in
threads and display in a notebook; the report is one HTML file that needs no network.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_abundance_maps": ["describe_unmixing", "figure_abundances"],
        "_anomaly_report": ["write_anomaly_report"],
        "_background_charts": [
            "figure_distribution",
            "figure_mixture",
            "figure_probability_plot",
        ],
        "_biplot": ["figure_biplot", "figure_dendrogram"],
        "_blank_chart": ["figure_blanks"],
        "_canvas": ["thin"],
        "_catchment_map": ["figure_catchments"],
        "_charts": [
            "figure_curves",
            "figure_histogram",
            "figure_prediction_area",
            "figure_weights",
        ],
        "_control_charts": ["figure_control_chart"],
        "_diagrams": ["figure_discrimination"],
        "_duplicate_charts": ["figure_duplicates", "figure_thompson_howarth"],
        "_element_maps": ["figure_anomaly_sheet", "figure_element_map"],
        "_figure": ["COLOURS", "finish", "new_figure", "save_figure"],
        "_fonts": ["chinese_font", "figure_language"],
        "_fractal_charts": ["figure_fractal", "figure_multifractal"],
        "_map_colours": ["MapColours", "map_colours"],
        "_maps": ["figure_evidence", "figure_map"],
        "_mineral_maps": ["figure_mineral_map", "figure_reasons"],
        "_quality_report": ["write_quality_report"],
        "_quicklook": ["figure_quicklook"],
        "_ramps": ["Scale", "area_labels", "area_scale"],
        "_report": ["write_report"],
        "_spectrum_chart": ["figure_spectra"],
        "_spider": ["figure_spider"],
        "_styles": ["raster_style", "target_style"],
        "_triangle": ["figure_ternary"],
        "_variogram_chart": ["figure_variogram"],
        "_wavelength_map": ["figure_minimum_wavelength"],
        "_words": ["Words"],
    },
)
